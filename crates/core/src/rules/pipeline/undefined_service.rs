use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    pipeline::BUILT_IN_SERVICE,
    rules::{Findings, rule},
    spelling,
    yaml::has_template,
};

rule! {
    /// A step that uses a service the file does not define.
    ///
    /// Bitbucket rejects the file. Services are defined in `definitions.services`; only `docker` is built in.
    ///
    /// ```yaml wrong
    /// definitions:
    ///   services:
    ///     postgres:
    ///       image: postgres:16
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [postgers]
    ///         script: [make test]
    /// ```
    ///
    /// ```yaml right
    /// definitions:
    ///   services:
    ///     postgres:
    ///       image: postgres:16
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [postgres, docker]
    ///         script: [make test]
    /// ```
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/databases-and-service-containers/>.
    static RULE: "undefined-service", Error, check, explained_by ["unexpanded-variable"]
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let defined: Vec<_> = file.model.definitions.services.iter().map(|service| service.name.value).collect();
    if file.tree.is_broken() {
        return;
    }
    for service in file.model.steps.iter().flat_map(|step| &step.services) {
        if service.value == BUILT_IN_SERVICE || defined.contains(&service.value) || has_template(service.value) {
            continue;
        }
        let near = spelling::nearest(service.value, defined.iter().copied().chain([BUILT_IN_SERVICE]));
        let span = service.span(file.tree);
        let finding = findings.report(span, format!("service `{}` is not defined", service.value));
        match near {
            Some(near) => finding.help(format!("did you mean `{near}`?")).fix(
                format!("change it to `{near}`"),
                Safety::Unsafe,
                vec![Edit { span, replacement: near.to_owned() }],
            ),
            None => {
                finding.help(format!("define `definitions.services.{}` with an `image`", service.value)).one_cause()
            }
        };
    }
}
