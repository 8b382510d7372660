use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety, Severity},
    language::{Shape, ViolationKind},
    pipeline::{ItemKind, Start, Text},
    rules::{Findings, rule},
    script::{Part, Word},
    yaml::{NodeId, Style},
};

rule! {
    /// A variable where Bitbucket does not expand variables.
    ///
    /// Bitbucket reads the file before variables have values. An artifact path such as `app-$VERSION.zip` matches
    /// nothing, and an environment would be named `$ENV`. Variables are expanded in scripts, in variables of pipes and in
    /// the settings of images; everywhere else `$` is an ordinary character. Use a wildcard in a path, and a separate step
    /// or pipeline for each environment.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - make package VERSION="$BITBUCKET_BUILD_NUMBER"
    ///         artifacts:
    ///           - app-$BITBUCKET_BUILD_NUMBER.zip
    /// ```
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   custom:
    ///     deploy:
    ///       - variables:
    ///           - name: ENV
    ///       - step:
    ///           deployment: $ENV
    ///           script: [make deploy]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script:
    ///           - make package VERSION="$BITBUCKET_BUILD_NUMBER"
    ///         artifacts:
    ///           - app-*.zip
    ///   custom:
    ///     deploy-staging:
    ///       - step:
    ///           deployment: staging
    ///           script: [make deploy]
    /// ```
    ///
    /// A warning for paths and an error for numbers and fixed values. Everything else is a hint, because Bitbucket's
    /// documentation does not say it. Templates such as `${{NAME}}` are filled in before the file is read, and are not
    /// reported.
    static RULE: "unexpanded-variable", Hint, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    deployments(file, findings);
    artifacts(file, findings);
    changesets(file, findings);
    names(file, findings);
    fixed_values(file, findings);
}

fn deployments(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let steps = file.model.steps.iter().filter_map(|step| step.deployment);
    let stages = file.model.pipelines.iter().flat_map(|pipeline| &pipeline.items).filter_map(|item| match &item.kind {
        ItemKind::Stage(stage) => stage.deployment,
        _ => None,
    });
    for deployment in steps.chain(stages).filter(|deployment| has_variable(deployment.environment.value)) {
        let environment = deployment.environment;
        let message = format!(
            "variables are not expanded in `deployment`; the environment would be named `{}`",
            environment.value
        );
        findings
            .report(environment.span(file.tree), message)
            .help("use a separate step or pipeline for each environment, and share the script with an anchor");
    }
}

fn artifacts(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in &file.model.steps {
        for path in step.artifacts.paths.iter().filter(|path| has_variable(path.value) || has_command(path.value)) {
            pattern(file, *path, "artifact paths", findings);
        }
        let Some(artifacts) = file.tree.field(step.node, "artifacts") else { continue };
        let uploads = file.tree.field(artifacts.value, "upload").map(|field| file.tree.items(field.value));
        let names = uploads.into_iter().flatten().filter_map(|upload| Some(file.tree.field(*upload, "name")?.value));
        let downloads = file.tree.field(artifacts.value, "download").map(|field| file.tree.items(field.value));
        for node in names.chain(downloads.into_iter().flatten().copied()) {
            literal_name(file, node, "artifact names", "the artifact would be named", findings);
        }
    }
}

fn changesets(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let stages = file.model.pipelines.iter().flat_map(|pipeline| &pipeline.items).filter_map(|item| match &item.kind {
        ItemKind::Stage(stage) => stage.condition,
        _ => None,
    });
    let conditions = file.model.steps.iter().filter_map(|step| step.condition).chain(stages);
    for changesets in conditions.filter_map(|condition| file.tree.field(condition, "changesets")) {
        for key in ["includePaths", "excludePaths"] {
            let Some(field) = file.tree.field(changesets.value, key) else { continue };
            for node in file.tree.items(field.value) {
                let value = file.text(*node);
                if has_variable(value) {
                    pattern(file, Text { value, node: file.tree.resolve(*node) }, &format!("`{key}`"), findings);
                }
            }
        }
    }
}

/// Names that Bitbucket compares literally.
fn names(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for step in &file.model.steps {
        for (key, names) in [("services", &step.services), ("caches", &step.caches)] {
            for name in names.iter().filter(|name| has_variable(name.value)) {
                let message = format!("variables are not expanded in `{key}`, so nothing is named `{}`", name.value);
                findings.report_as(Severity::Error, name.span(file.tree), message).help("use a fixed name");
            }
        }
    }
    for pipeline in &file.model.pipelines {
        if matches!(pipeline.start, Start::Branches | Start::Tags | Start::PullRequests)
            && has_variable(pipeline.name.value)
        {
            let message = format!("variables are not expanded in patterns under `{}`", pipeline.start.key());
            findings.report(pipeline.name.span(file.tree), message).help("use the name itself, or a pattern with `*`");
        }
    }
    let labels = file.model.steps.iter().flat_map(|step| &step.runs_on).chain(&file.model.options.runs_on);
    for label in labels.filter(|label| has_variable(label.value)) {
        findings
            .report(label.span(file.tree), "it is not documented that variables are expanded in `runs-on`")
            .help("use the label itself");
    }
    for cache in &file.model.definitions.caches {
        let path = file.tree.field(cache.node, "path").map_or(cache.node, |field| field.value);
        let value = file.text(path);
        if variables(value).iter().any(|name| !matches!(name.as_str(), "HOME" | "BITBUCKET_CLONE_DIR")) {
            findings
                .report(file.span(path), "it is not documented that variables are expanded in cache paths")
                .help("use a path relative to the clone directory, or one that begins with `~`");
        }
        let files = file.tree.field(cache.node, "key").and_then(|key| file.tree.field(key.value, "files"));
        for node in files.into_iter().flat_map(|files| file.tree.items(files.value)) {
            let value = file.text(*node);
            if has_variable(value) {
                pattern(file, Text { value, node: file.tree.resolve(*node) }, "`files`", findings);
            }
        }
    }
    for source in file.model.definitions.imports.iter().filter_map(|import| import.source) {
        literal_name(file, source.node, "import sources", "the source would be", findings);
    }
}

/// Numbers, booleans and fixed values, which Bitbucket rejects a variable for.
fn fixed_values(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for violation in file.violations {
        let (value, key, allowed) = match violation.kind {
            ViolationKind::WrongType { shape, value, key } if is_scalar(shape) => (value, key, shape.allowed()),
            ViolationKind::UnknownValue { enum_values, alternatives, value, key } => {
                let values: Vec<_> = enum_values.iter().map(|value| format!("`{value}`")).collect();
                (value, key, alternatives.map_or_else(|| values.join(", "), str::to_owned))
            }
            _ => continue,
        };
        let Some(key) = key.filter(|_| has_variable(file.text(value))) else { continue };
        let severity = if violation.doubtful { Severity::Warning } else { Severity::Error };
        findings
            .report_as(
                severity,
                file.place(value, Some(key)),
                format!("variables are not expanded in `{}`", file.text(key)),
            )
            .help(format!("set it to a fixed value: {allowed}"));
    }
}

fn is_scalar(shape: &Shape) -> bool {
    match shape {
        Shape::Integer(_) | Shape::Boolean => true,
        Shape::OneOf(_, forms) => forms.iter().all(|form| is_scalar(form) || matches!(form, Shape::String(_))),
        _ => false,
    }
}

/// A pattern for paths, which cannot match.
fn pattern(file: &Analysis<'_>, path: Text<'_>, place: &str, findings: &mut Findings<'_>) {
    let Some(scalar) = file.tree.scalar(path.node) else { return };
    let span = path.span(file.tree);
    let wildcard = wildcard(path.value);
    let what = if variables(path.value).is_empty() { "commands are not run" } else { "variables are not expanded" };
    let message = format!("{what} in {place}, so `{}` matches nothing", path.value);
    let finding = findings.report_as(Severity::Warning, span, message);
    finding.help(format!("change it to `{wildcard}`"));
    let replacement = match scalar.style {
        // A plain scalar cannot begin with `*`.
        Style::Plain if wildcard.starts_with('*') => format!("\"{wildcard}\""),
        Style::Plain => wildcard.clone(),
        Style::SingleQuoted => format!("'{wildcard}'"),
        Style::DoubleQuoted => format!("\"{wildcard}\""),
        Style::Literal | Style::Folded => return,
    };
    finding.fix(format!("change it to `{wildcard}`"), Safety::Unsafe, vec![Edit { span, replacement }]);
}

fn literal_name(file: &Analysis<'_>, node: NodeId, place: &str, consequence: &str, findings: &mut Findings<'_>) {
    let value = file.text(node);
    if has_variable(value) {
        let message = format!("variables are not expanded in {place}; {consequence} `{value}`");
        findings.report(file.span(node), message).help("use a fixed name");
    }
}

/// The path with `*` in the place of its variables.
fn wildcard(path: &str) -> String {
    let mut pattern = String::new();
    for part in Word::template(path).parts {
        match part {
            Part::Text { text, .. } => pattern.push_str(&text),
            Part::Variable(variable) if variable.name == "BITBUCKET_CLONE_DIR" && pattern.is_empty() => {}
            _ if pattern.ends_with('*') => {}
            _ => pattern.push('*'),
        }
    }
    pattern.trim_start_matches('/').to_owned()
}

fn has_command(value: &str) -> bool {
    value.contains("$(") && Word::template(value).parts.iter().any(|part| matches!(part, Part::Substitution { .. }))
}

fn has_variable(value: &str) -> bool {
    !variables(value).is_empty()
}

/// The variables that a shell would expand in a string; `${{NAME}}` is a template.
fn variables(value: &str) -> Vec<String> {
    if !value.contains('$') {
        return Vec::new();
    }
    let word = Word::template(value);
    let expansions = word.expansions().into_iter();
    let template = |at: usize| value.get(at..).is_some_and(|rest| rest.starts_with("${{"));
    let variables = expansions.filter(|expansion| !expansion.is_special() && !template(expansion.span.start));
    variables.map(|expansion| expansion.name.clone()).collect()
}
