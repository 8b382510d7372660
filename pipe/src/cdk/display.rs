//! How the CDK names a stack in its output: by its path in the app, and by its name in CloudFormation where that differs.

/// The name in CloudFormation of a display name: `Prod-Shop` for `Prod/Shop (Prod-Shop)`, `Shop` for `Shop`. Nothing for what is
/// not a display name (`CloudFormationStackArtifact.displayName`, aws-cdk 2.1148.1).
pub(super) fn physical_name(display: &str) -> Option<&str> {
    if let Some((path, name)) = display.strip_suffix(')').and_then(|display| display.rsplit_once(" (")) {
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        return (is_name && !path.is_empty() && !path.contains([':', '|'])).then_some(name);
    }
    (!display.is_empty() && !display.contains([' ', ':'])).then_some(display)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_name_has_the_name_in_cloudformation_last() {
        for (display, name) in [
            ("Shop", Some("Shop")),
            ("Prod/Shop", Some("Prod/Shop")),
            ("Prod/Shop (Prod-Shop)", Some("Prod-Shop")),
            ("The shop (shop)", Some("shop")),
            ("Shop (no changes)", None),
            ("Environment aws://111111111111/eu-west-1 bootstrapped.", None),
            ("", None),
        ] {
            assert_eq!(physical_name(display), name, "{display}");
        }
    }
}
