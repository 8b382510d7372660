use super::*;

fn found(reference: &str) -> Option<&'static Pipe> {
    find(&Reference::parse(reference))
}

fn version(text: &str) -> Option<Version> {
    text.parse().ok()
}

#[test]
fn the_table_is_read_whole() {
    assert_eq!(pipes().len(), 96);
    assert_eq!(pipes().iter().map(|pipe| pipe.variables.len()).sum::<usize>(), 736);
    for pipe in pipes() {
        assert!(pipe.name.contains('/'), "{pipe:?}");
        assert!(pipe.read_versions.is_sorted(), "{pipe:?}");
        assert!(pipe.replaced_by.is_none_or(|name| found(name).is_some()), "{pipe:?}");
        assert!(pipes().iter().filter(|other| other.name == pipe.name).count() == 1, "{pipe:?}");
        for variable in &pipe.variables {
            assert!(crate::script::is_name(variable.name), "{variable:?}");
            assert!(pipe.variables.iter().filter(|other| other.name == variable.name).count() == 1, "{variable:?}");
        }
        // Not every source lists all names of a group.
        for group in &pipe.one_of {
            assert!(group.iter().any(|name| pipe.variable(name).is_some()), "{pipe:?}");
        }
        let decides = pipe.variables.iter().filter_map(|variable| match variable.required {
            Required::When(Condition::Is(name, _) | Condition::IsNot(name, _) | Condition::Absent(name)) => Some(name),
            _ => None,
        });
        for name in decides {
            assert!(pipe.variable(name).is_some(), "{}: {name}", pipe.name);
        }
    }
}

#[test]
fn pipes_are_found_by_any_reference() {
    for (reference, expected) in [
        ("atlassian/aws-s3-deploy:1.1.0", Some("atlassian/aws-s3-deploy")),
        ("docker://bitbucketpipelines/aws-s3-deploy:1.1.0", Some("atlassian/aws-s3-deploy")),
        (
            "docker://docker-public.packages.atlassian.com/bitbucketpipelines/aws-s3-deploy:2",
            Some("atlassian/aws-s3-deploy"),
        ),
        ("docker://mirror.example:5000/hub/snyk/snyk-scan@sha256:ab", Some("snyk/snyk-scan")),
        ("docker://hclcr.io/appscan/bitbucket", Some("appscan/bitbucket")),
        ("docker://aquasec/trivy-pipe:1", Some("aquasecurity/trivy-pipe")),
        ("aquasec/trivy-pipe:1", None),
        ("docker://atlassian/aws-s3-deploy:1", None),
        ("Atlassian/aws-s3-deploy:1", None),
        ("someone/aws-s3-deploy:1.0.0", None),
        ("", None),
    ] {
        assert_eq!(found(reference).map(|pipe| pipe.name), expected, "{reference}");
    }
}

#[test]
fn only_what_was_read_is_certain() {
    let pipe = found("atlassian/aws-cloudfront-invalidate:0.6.0").unwrap();
    for (at, lacks) in
        [("0.4.1", true), ("0.5.2", true), ("0.6.0", true), ("0.7.0", false), ("0.4.0", false), ("1", false)]
    {
        assert_eq!(pipe.lacks_variable(version(at), "DISTRIBUTION"), lacks, "{at}");
    }
    assert!(!pipe.lacks_variable(version("0.6.0"), "DEBUG"));
    assert_eq!(pipe.nearest_variable("DISTRIBUTION_IDS"), Some("DISTRIBUTION_ID"));
    let required = |at| pipe.certainly_requires(version(at)).map(|variable| variable.name).collect::<Vec<_>>();
    assert_eq!(required("0.6.0"), ["DISTRIBUTION_ID"]);
    assert_eq!(required("0.7.0"), [""; 0]);
    assert_eq!(required("1.0.0"), [""; 0]);
    assert!(pipe.is_outdated(version("0.6.0").unwrap()));

    // Only usage shows that this pipe needs `STACK_NAME`.
    let pipe = found("atlassian/aws-cloudformation-deploy:0.16.0").unwrap();
    assert_eq!(pipe.certainly_requires(version("0.16.0")).count(), 0);
    assert!(!pipe.lacks_variable(version("0.16.0"), "STACKNAME"));
    assert_eq!(pipe.variable("STACK_NAME").map(|variable| variable.required), Some(Required::Likely));
}

#[test]
fn logins_and_replacements_are_known() {
    let pipe = found("atlassian/aws-cloudfront-invalidate").unwrap();
    assert_eq!(pipe.login.oidc_variable, Some("AWS_OIDC_ROLE_ARN"));
    assert!(pipe.login.accepts_role(version("0.5.0").unwrap()));
    assert!(!pipe.login.accepts_role(version("0.4.1").unwrap()));
    assert_eq!(pipe.login.too_old_for_role(version("0.4.1").unwrap()), version("0.5.0"));
    assert_eq!(found("microsoft/azure-cli-run").unwrap().replaced_by, Some("atlassian/azure-cli-run"));

    let pipe = found("atlassian/trigger-pipeline").unwrap();
    let password = pipe.variable("BITBUCKET_APP_PASSWORD").unwrap();
    assert_eq!(password.deprecated, Some(Deprecation::AppPassword));
    assert_eq!(password.renamed_to, Some("ATLASSIAN_API_TOKEN"));

    let pipe = found("atlassian/aws-code-deploy").unwrap();
    let command = pipe.variable("COMMAND").unwrap();
    assert_eq!((command.values.as_slice(), command.values_closed), (["upload", "deploy"].as_slice(), true));
    let zip = pipe.variable("ZIP_FILE").unwrap();
    assert_eq!(zip.required, Required::When(Condition::Is("COMMAND", "upload")));
}
