//! What must be right about an assembly before anything is called: the named stacks exist, their accounts are allowed, and no
//! context value is missing.

use crate::{
    accounts,
    assembly::{Contents, unmatched},
    settings::{Settings, Synth},
    unusable::{Missing, Unusable},
};

/// Checks an assembly that was synthesized for this run, or is ready (`settings.assembly`).
///
/// # Errors
/// The first of what is wrong.
pub(crate) fn check(settings: &Settings, contents: &Contents) -> Result<(), Unusable> {
    // Without stacks, the CDK says so.
    let unknown = if contents.stacks.is_empty() { Vec::new() } else { unmatched(&contents.stacks, &settings.stacks) };
    if !unknown.is_empty() {
        return Err(Unusable::Stacks {
            patterns: unknown.into_iter().map(str::to_owned).collect(),
            stacks: contents.stacks.iter().map(|stack| stack.path.clone()).collect(),
        });
    }
    let forbidden = accounts::forbidden(settings, contents);
    if !forbidden.is_empty() {
        return Err(Unusable::Accounts(forbidden));
    }
    let ready = settings.assembly.is_some();
    // The CDK looks values up for a ready assembly too, but deploys it as it is, with values that it made up.
    if !contents.missing.is_empty() && (ready || settings.synth == Synth::Isolated) {
        return Err(Unusable::Context(Missing { lookups: contents.missing.clone(), ready }));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assembly;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let session = [("AWS_ROLE_ARN", "arn:aws:iam::222222222222:role/r"), ("AWS_REGION", "eu-west-1")];
        Settings::read(&session.iter().chain(variables).copied().collect()).1.unwrap()
    }

    fn contents(stacks: &[&str], missing: &str) -> Contents {
        let folder = tempfile::tempdir().unwrap();
        let artifacts: serde_json::Map<_, _> = stacks
            .iter()
            .map(|name| ((*name).to_owned(), serde_json::json!({ "type": "aws:cloudformation:stack" })))
            .collect();
        let missing: serde_json::Value = serde_json::from_str(missing).unwrap();
        let manifest = serde_json::json!({ "artifacts": artifacts, "missing": missing });
        std::fs::write(folder.path().join("manifest.json"), manifest.to_string()).unwrap();
        assembly::read(folder.path()).unwrap()
    }

    #[test]
    fn patterns_without_a_stack_are_named_with_the_stacks() {
        let contents = contents(&["Net", "Shop"], "[]");
        for command in ["deploy", "diff", "destroy", "drift", "list", "rollback", "synth"] {
            let settings = settings(&[("COMMAND", command), ("STACKS", "Shop Shpo Web*")]);
            let unusable = check(&settings, &contents).unwrap_err();
            assert_eq!(unusable.to_string(), "no stack of the app matches `Shpo` or `Web*` in STACKS", "{command}");
            assert_eq!(unusable.details(), ["stacks of the app: Net, Shop"]);
        }
        for stacks in ["", "Shop", "**", "S*", "!Net", "Net Shop"] {
            assert_eq!(check(&settings(&[("STACKS", stacks)]), &contents), Ok(()), "{stacks}");
        }
    }

    #[test]
    fn missing_values_are_named_unless_the_session_looks_them_up() {
        let missing = r#"[{ "key": "vpc-provider:account=1", "provider": "vpc-provider", "props": {} },
            { "key": "x", "provider": "new-provider", "props": {} }]"#;
        let contents = contents(&["Shop"], missing);
        let unusable = check(&settings(&[]), &contents).unwrap_err();
        assert_eq!(
            unusable.details(),
            ["a VPC (vpc-provider): `vpc-provider:account=1`", "a value (new-provider): `x`"]
        );
        assert!(unusable.help().unwrap().contains("`SYNTH: session`"));
        let mut session = settings(&[("SYNTH", "session")]);
        assert_eq!(check(&session, &contents), Ok(()));
        session.assembly = Some("cdk.out".to_owned());
        assert!(check(&session, &contents).unwrap_err().help().unwrap().starts_with("synthesize the assembly again"));
    }
}
