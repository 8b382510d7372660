use crate::{
    analysis::{Analysis, steps::Started},
    diagnostic::{Edit, Safety, Severity},
    pipeline::Language,
    rules::{Findings, rule},
    script::is_name,
    text::Span,
    yaml::NodeId,
};

rule! {
    /// A variable whose name is not allowed.
    ///
    /// A name consists of letters, digits and underscores, and does not begin with a digit. Bitbucket rejects any other
    /// name of a service's variable: "It should contain only alphanumeric characters and underscores and it should not
    /// begin with a number". Elsewhere no shell can read such a variable.
    ///
    /// ```yaml wrong
    /// definitions:
    ///   services:
    ///     search:
    ///       image: elasticsearch:8.15.0
    ///       variables:
    ///         discovery.type: single-node
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [search]
    ///         script: [make test]
    /// ```
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   custom:
    ///     release:
    ///       - variables:
    ///           - name: target-env
    ///       - step:
    ///           script: [./release.sh]
    /// ```
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - export APP-ENV=test
    ///           - make test
    /// ```
    ///
    /// ```yaml right
    /// definitions:
    ///   services:
    ///     search:
    ///       image: elasticsearch:8.15.0
    ///       variables:
    ///         ES_SETTING_DISCOVERY_TYPE: single-node
    /// pipelines:
    ///   custom:
    ///     release:
    ///       - variables:
    ///           - name: target_env
    ///       - step:
    ///           services: [search]
    ///           script: [./release.sh "$target_env"]
    /// ```
    ///
    /// An error for services; a warning for the variables of custom pipelines, steps, pipes and scripts.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>.
    static RULE: "invalid-variable-name", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for service in &file.model.definitions.services {
        // `environment` is an older spelling.
        for key in ["variables", "environment"] {
            for name in keys(file, service.node, key) {
                report(file, Severity::Error, "a service variable", name, findings);
            }
        }
    }
    for pipeline in &file.model.pipelines {
        for variable in pipeline.variables() {
            report(file, Severity::Warning, "a variable", variable.name.node, findings);
        }
        for name in keys(file, pipeline.body, "variables") {
            report(file, Severity::Warning, "a variable", name, findings);
        }
    }
    for step in &file.model.steps {
        for variable in &step.output_variables {
            report(file, Severity::Warning, "an output variable", variable.node, findings);
        }
        for variable in &step.input_variables {
            report(file, Severity::Warning, "an input variable", variable.node, findings);
        }
        for pipe in step.pipes() {
            for variable in &pipe.variables {
                report(file, Severity::Warning, "a pipe variable", variable.name.node, findings);
            }
        }
    }
    exported(file, findings);
}

/// `export MY-NAME=value`, which the shell rejects.
fn exported(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    file.each_program(&mut |Started { step, section, invocation, .. }| {
        let is_shell = file.model.script_language(step) != Language::PowerShell;
        if !is_shell || !matches!(invocation.program.as_ref(), "export" | "readonly" | "declare" | "local") {
            return;
        }
        for word in invocation.arguments {
            let Some((name, _)) = word.prefix().split_once('=') else { continue };
            let name = name.trim_end_matches('+');
            // `declare list[0]=x`
            if name.is_empty() || is_name(name) || name.starts_with('-') || name.contains(['[', '$', '{']) {
                continue;
            }
            let start = section.place(word.span).start;
            let finding = findings.report(
                Span::new(start, start + name.len()),
                format!("`{name}` is not a valid name for a variable, so `{}` fails", invocation.program),
            );
            let suggestion = suggestion(name);
            if is_name(&suggestion) {
                finding.help(format!("use only letters, digits and underscores, such as `{suggestion}`"));
            } else {
                finding.help("use only letters, digits and underscores, and no digit at the beginning");
            }
        }
    });
}

/// The keys of the mapping under a key.
fn keys(file: &Analysis<'_>, map: NodeId, key: &str) -> Vec<NodeId> {
    let value = file.tree.field(map, key).map(|field| field.value);
    value.map_or_else(Vec::new, |value| file.tree.fields(value).iter().map(|field| field.key).collect())
}

fn report(file: &Analysis<'_>, severity: Severity, what: &str, node: NodeId, findings: &mut Findings<'_>) {
    let name = file.text(node);
    if name.is_empty() || is_name(name) || name.contains("${{") {
        return;
    }
    let (span, suggestion) = (file.span(node), suggestion(name));
    let finding = findings.report_as(severity, span, format!("`{name}` is not a valid name for {what}"));
    if let Some(elsewhere) = elsewhere(name) {
        finding.help(elsewhere);
    } else if is_name(&suggestion) {
        finding.help(format!("use only letters, digits and underscores, such as `{suggestion}`"));
        finding.fix(format!("change it to `{suggestion}`"), Safety::Unsafe, vec![edit(file, span, name, &suggestion)]);
    } else {
        finding.help("use only letters, digits and underscores, and no digit at the beginning");
    }
}

/// Settings of well-known images that have another spelling for environment variables.
///
/// Elasticsearch: <https://www.elastic.co/docs/deploy-manage/deploy/self-managed/install-elasticsearch-docker-configure>.
fn elsewhere(name: &str) -> Option<String> {
    const ELASTICSEARCH: [&str; 8] =
        ["action.", "bootstrap.", "cluster.", "discovery.", "http.", "network.", "node.", "xpack."];
    let setting = ELASTICSEARCH.iter().any(|prefix| name.starts_with(prefix));
    setting.then(|| {
        let variable = name.replace('_', "__").replace('.', "_").to_ascii_uppercase();
        format!("in Elasticsearch 7.16 and later, set `ES_SETTING_{variable}` instead")
    })
}

/// The name with underscores, without the `$` of a shell.
fn suggestion(name: &str) -> String {
    let name = name.trim().trim_start_matches('$').trim_start_matches('{').trim_end_matches('}');
    name.replace(['-', '.', ' ', '/', ':'], "_")
}

/// Replaces the name inside its quotes, if it has any.
fn edit(file: &Analysis<'_>, span: Span, name: &str, suggestion: &str) -> Edit {
    let written = file.source.slice(span);
    let replacement = written.replacen(name, suggestion, 1);
    Edit { span, replacement }
}
