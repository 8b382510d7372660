//! Partitions: separate copies of AWS, each with its own accounts, regions and domain names.

use std::fmt;

/// One partition. Names, domains and regions are those of botocore's `partitions.json` (botocore 1.44).
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition {
    /// The second part of its ARNs.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The end of its service host names.
    pub dns_suffix: &'static str,
    /// Its regions, in the order of the alphabet.
    pub regions: &'static [&'static str],
}

/// All partitions, the commercial one first.
pub static PARTITIONS: [Partition; 8] = [
    Partition {
        name: "aws",
        title: "commercial",
        dns_suffix: "amazonaws.com",
        regions: &[
            "af-south-1",
            "ap-east-1",
            "ap-east-2",
            "ap-northeast-1",
            "ap-northeast-2",
            "ap-northeast-3",
            "ap-south-1",
            "ap-south-2",
            "ap-southeast-1",
            "ap-southeast-2",
            "ap-southeast-3",
            "ap-southeast-4",
            "ap-southeast-5",
            "ap-southeast-6",
            "ap-southeast-7",
            "ca-central-1",
            "ca-west-1",
            "eu-central-1",
            "eu-central-2",
            "eu-north-1",
            "eu-south-1",
            "eu-south-2",
            "eu-west-1",
            "eu-west-2",
            "eu-west-3",
            "il-central-1",
            "me-central-1",
            "me-south-1",
            "mx-central-1",
            "sa-east-1",
            "us-east-1",
            "us-east-2",
            "us-west-1",
            "us-west-2",
        ],
    },
    Partition {
        name: "aws-cn",
        title: "China",
        dns_suffix: "amazonaws.com.cn",
        regions: &["cn-north-1", "cn-northwest-1"],
    },
    Partition {
        name: "aws-us-gov",
        title: "GovCloud (US)",
        dns_suffix: "amazonaws.com",
        regions: &["us-gov-east-1", "us-gov-west-1"],
    },
    Partition {
        name: "aws-eusc",
        title: "European Sovereign Cloud",
        dns_suffix: "amazonaws.eu",
        regions: &["eusc-de-east-1"],
    },
    Partition {
        name: "aws-iso",
        title: "ISO (US)",
        dns_suffix: "c2s.ic.gov",
        regions: &["us-iso-east-1", "us-iso-west-1"],
    },
    Partition {
        name: "aws-iso-b",
        title: "ISOB (US)",
        dns_suffix: "sc2s.sgov.gov",
        regions: &["us-isob-east-1", "us-isob-west-1"],
    },
    Partition { name: "aws-iso-e", title: "ISOE (Europe)", dns_suffix: "cloud.adc-e.uk", regions: &["eu-isoe-west-1"] },
    Partition {
        name: "aws-iso-f",
        title: "ISOF",
        dns_suffix: "csp.hci.ic.gov",
        regions: &["us-isof-east-1", "us-isof-south-1"],
    },
];

impl Partition {
    /// The partition that ARNs name so.
    pub fn named(name: &str) -> Option<&'static Self> {
        PARTITIONS.iter().find(|partition| partition.name == name)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
