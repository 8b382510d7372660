//! Source addresses: lists of CIDR blocks, and the copy of Bitbucket's.

use ipnet::IpNet;
use serde_json::Value;

/// The addresses of Bitbucket alone in <https://ip-ranges.atlassian.com>, those that steps with
/// `atlassian-ip-ranges: true` come from. Copied from the public-domain collection rezmoss/cloud-provider-ip-addresses.
pub const BITBUCKET: [&str; 27] = [
    "3.216.235.48/32",
    "3.221.151.112/32",
    "34.196.8.197/32",
    "34.199.54.113/32",
    "34.216.18.129/32",
    "34.218.156.209/32",
    "34.218.168.212/32",
    "34.231.96.243/32",
    "34.232.25.90/32",
    "34.232.119.183/32",
    "34.233.65.54/32",
    "34.236.25.177/32",
    "35.155.178.254/32",
    "35.160.177.10/32",
    "35.171.175.212/32",
    "44.194.7.14/32",
    "44.199.3.254/32",
    "44.199.45.64/32",
    "44.199.127.226/32",
    "52.41.219.63/32",
    "52.54.90.98/32",
    "52.72.137.240/32",
    "52.202.195.162/32",
    "52.203.14.55/32",
    "52.204.96.37/32",
    "52.205.184.192/32",
    "174.129.205.191/32",
];

/// When the copy was made.
pub const BITBUCKET_AS_OF: &str = "July 2026";

/// Why a list of addresses cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// A line or item that is not an address block.
    #[error("`{0}` is not an address in CIDR notation, such as 203.0.113.0/24")]
    NotABlock(String),
    /// JSON that does not have the form of Atlassian's list.
    #[error("the JSON has no `items` with a `cidr` each, as in https://ip-ranges.atlassian.com")]
    NotAList,
    /// The list has no address of Bitbucket.
    #[error("the list has no outgoing addresses of Bitbucket")]
    Empty,
}

/// Reads Atlassian's list in JSON (only Bitbucket's outgoing blocks) or a list with one block a line, and merges
/// adjacent and overlapping blocks.
///
/// # Errors
/// [`AddressError`] for an item that is not a block, and for an empty list.
pub fn read(text: &str) -> Result<Vec<IpNet>, AddressError> {
    let blocks = if text.trim_start().starts_with('{') { published(text)? } else { lines(text)? };
    let mut merged = IpNet::aggregate(&blocks);
    merged.sort();
    if merged.is_empty() { Err(AddressError::Empty) } else { Ok(merged) }
}

/// Reads a CIDR block, or an address as the block of that address alone.
pub fn network(text: &str) -> Option<IpNet> {
    text.parse().or_else(|_| text.parse().map(|address: std::net::IpAddr| IpNet::from(address))).ok()
}

fn block(text: &str) -> Result<IpNet, AddressError> {
    network(text).map(|block| block.trunc()).ok_or_else(|| AddressError::NotABlock(text.to_owned()))
}

fn lines(text: &str) -> Result<Vec<IpNet>, AddressError> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty()).map(block).collect()
}

fn published(text: &str) -> Result<Vec<IpNet>, AddressError> {
    let list: Value = serde_json::from_str(text).map_err(|_| AddressError::NotAList)?;
    let items = list.get("items").and_then(Value::as_array).ok_or(AddressError::NotAList)?;
    let says = |item: &Value, key: &str, word: &str| {
        item.get(key).and_then(Value::as_array).is_none_or(|words| words.iter().any(|it| it.as_str() == Some(word)))
    };
    items
        .iter()
        .filter(|item| says(item, "product", "bitbucket") && says(item, "direction", "egress"))
        .map(|item| item.get("cidr").and_then(Value::as_str).ok_or(AddressError::NotAList).and_then(block))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(text: &str) -> Vec<String> {
        read(text).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn neighbours_are_merged() {
        assert_eq!(merged("10.0.0.0/25\n10.0.0.128/25 # the other half\n10.0.0.7\n"), ["10.0.0.0/24"]);
        assert_eq!(merged("2001:db8::/33\n2001:db8:8000::/33\n203.0.113.5/24"), ["203.0.113.0/24", "2001:db8::/32"]);
        assert_eq!(merged(&BITBUCKET.join("\n")).len(), BITBUCKET.len());
    }

    #[test]
    fn the_published_list_is_filtered() {
        let list = r#"{"items": [
            {"cidr": "203.0.113.0/24", "product": ["jira"], "direction": ["egress"]},
            {"cidr": "198.51.100.0/24", "product": ["jira", "bitbucket"], "direction": ["egress", "ingress"]},
            {"cidr": "192.0.2.0/24", "product": ["bitbucket"], "direction": ["ingress"]}]}"#;
        assert_eq!(merged(list), ["198.51.100.0/24"]);
        for (text, expected) in [
            ("{}", AddressError::NotAList),
            ("", AddressError::Empty),
            ("10.0.0.0/33", AddressError::NotABlock("10.0.0.0/33".into())),
        ] {
            assert_eq!(read(text), Err(expected), "{text}");
        }
    }
}
