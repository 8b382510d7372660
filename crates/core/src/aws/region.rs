//! Regions, their partitions and their STS endpoints.

use std::fmt;

use super::partition::{PARTITIONS, Partition};
use crate::spelling::nearest;

/// A region of a known partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Region {
    name: String,
    partition: &'static Partition,
}

/// A string that is not the name of a region.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegionError {
    /// An availability zone, such as `eu-west-1a`; the region it lies in.
    #[error("`{found}` is an availability zone; its region is `{region}`")]
    AvailabilityZone {
        /// What was written.
        found: String,
        /// Its region.
        region: &'static str,
    },
    /// No region has this name.
    #[error("unknown AWS region `{found}`; {}", suggestion(*nearest))]
    Unknown {
        /// What was written.
        found: String,
        /// The region that was probably meant.
        nearest: Option<&'static str>,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "a region looks like `eu-west-1`".to_owned(),
    }
}

impl Region {
    /// Reads a region's name.
    ///
    /// A new number in a known area (`eu-west-4` when the table ends with 3) is accepted: AWS adds such regions more often
    /// than people mistype a digit, and a name that does not exist fails at its first use with a clear message.
    ///
    /// # Errors
    /// [`RegionError`] with the name that was probably meant.
    pub fn parse(text: &str) -> Result<Self, RegionError> {
        let known =
            || PARTITIONS.iter().flat_map(|partition| partition.regions.iter().map(move |name| (*name, partition)));
        if let Some((_, partition)) = known().find(|(name, _)| *name == text || same_area(name, text)) {
            return Ok(Self { name: text.to_owned(), partition });
        }
        let found = text.to_owned();
        let zone = text.strip_suffix(|last: char| last.is_ascii_lowercase()).unwrap_or_default();
        match known().find(|(name, _)| *name == zone) {
            Some((region, _)) => Err(RegionError::AvailabilityZone { found, region }),
            None => Err(RegionError::Unknown { nearest: nearest(text, known().map(|(name, _)| name)), found }),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The partition that it belongs to.
    pub fn partition(&self) -> &'static Partition {
        self.partition
    }

    /// Whether this release's table lists it. One that is not listed shares its area with one that is.
    pub fn is_listed(&self) -> bool {
        self.partition.regions.contains(&self.name.as_str())
    }

    /// The regional STS endpoint, which every partition has (AWS SDKs reference, "STS regionalized endpoints").
    pub fn sts_endpoint(&self) -> String {
        format!("https://sts.{}.{}", self.name, self.partition.dns_suffix)
    }
}

/// Whether two names differ in nothing but a one-digit number at the end.
fn same_area(known: &str, text: &str) -> bool {
    let area = |name: &str| {
        let (area, number) = name.rsplit_once('-')?;
        (number.len() == 1 && ('1'..='9').any(|digit| number.starts_with(digit))).then(|| area.to_owned())
    };
    area(known).is_some_and(|known| area(text) == Some(known))
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_or_explained() {
        for (text, expected) in [
            ("eu-west-1", "aws https://sts.eu-west-1.amazonaws.com"),
            ("cn-north-1", "aws-cn https://sts.cn-north-1.amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov https://sts.us-gov-west-1.amazonaws.com"),
            ("eusc-de-east-1", "aws-eusc https://sts.eusc-de-east-1.amazonaws.eu"),
            ("eu-west-4", "aws https://sts.eu-west-4.amazonaws.com"),
            ("eu-wset-1", "unknown AWS region `eu-wset-1`; did you mean `eu-west-1`?"),
            ("EU-WEST-1", "unknown AWS region `EU-WEST-1`; did you mean `eu-west-1`?"),
            ("eu-west-0", "unknown AWS region `eu-west-0`; did you mean `eu-west-1`?"),
            ("eu-west-1b", "`eu-west-1b` is an availability zone; its region is `eu-west-1`"),
            ("frankfurt", "unknown AWS region `frankfurt`; a region looks like `eu-west-1`"),
            ("$AWS_REGION", "unknown AWS region `$AWS_REGION`; a region looks like `eu-west-1`"),
            ("", "unknown AWS region ``; a region looks like `eu-west-1`"),
        ] {
            let read = match Region::parse(text) {
                Ok(region) => format!("{} {}", region.partition(), region.sts_endpoint()),
                Err(error) => error.to_string(),
            };
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn a_region_belongs_to_one_partition() {
        let mut names: Vec<_> = PARTITIONS.iter().flat_map(|partition| partition.regions).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
