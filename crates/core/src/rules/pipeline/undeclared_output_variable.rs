use crate::{
    analysis::Analysis,
    facts::{FileWrite, StepFacts},
    rules::{Findings, rule},
    script::is_name,
    spelling,
};

rule! {
    /// An output variable that a script writes and the step does not declare, or the other way round.
    ///
    /// Later steps get only the variables that are both written to `$BITBUCKET_PIPELINES_VARIABLES_PATH` and listed under
    /// `output-variables`.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - echo "IMAGE_TAG=$(git describe)" >> $BITBUCKET_PIPELINES_VARIABLES_PATH
    ///       - step:
    ///           script:
    ///             - ./deploy.sh "$IMAGE_TAG"
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script:
    ///             - echo "IMAGE_TAG=$(git describe)" >> $BITBUCKET_PIPELINES_VARIABLES_PATH
    ///           output-variables:
    ///             - IMAGE_TAG
    ///       - step:
    ///           script:
    ///             - ./deploy.sh "$IMAGE_TAG"
    /// ```
    ///
    /// A declared variable counts as written if a pipe, a script or another program of the step may write it.
    ///
    /// Source: <https://www.atlassian.com/blog/bitbucket/easily-share-data-between-steps-in-bitbucket-pipelines>.
    static RULE: "undeclared-output-variable", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        // `$NAME` is not a valid name, which another rule reports.
        let declared = step.output_variables.iter().map(|name| name.value.trim_start_matches('$'));
        let declared: Vec<&str> = declared.collect();
        let writes = || facts.writes.iter().filter(|write| is_output(write) && write.order < facts.after_script);
        let mut written: Vec<String> = Vec::new();
        let mut unseen = facts.writes_unseen || !facts.pipes.is_empty();
        for write in writes() {
            let (names, whole) = names(write);
            unseen |= !whole;
            written.extend(names);
        }
        let mut reported: Vec<String> = Vec::new();
        for write in writes() {
            for name in names(write).0 {
                if declared.contains(&name.as_str()) || reported.contains(&name) {
                    continue;
                }
                let unwritten = declared.iter().copied().filter(|other| !written.iter().any(|name| name == other));
                let help = match spelling::nearest(&name, unwritten) {
                    Some(near) => format!("did you mean `{near}`, which is declared?"),
                    None => format!("add `{name}` to `output-variables`"),
                };
                let message = format!("`{name}` is written for later steps but is not listed in `output-variables`");
                findings.report(file.first_line(write.span), message).help(help);
                reported.push(name);
            }
        }
        if unseen || is_windows(step) || !reported.is_empty() {
            continue;
        }
        for name in step
            .output_variables
            .iter()
            .filter(|name| !written.iter().any(|written| written == name.value.trim_start_matches('$')))
        {
            let help = set(facts, name.value);
            findings
                .report(
                    name.span(file.tree),
                    format!("no command writes `{}`, so later steps do not get it", name.value),
                )
                .help(help);
        }
    }
}

fn set(facts: &StepFacts, name: &str) -> String {
    let value =
        if facts.bindings.iter().any(|binding| binding.name == name) { format!("${name}") } else { "…".to_owned() };
    format!("write it: `echo \"{name}={value}\" >> $BITBUCKET_PIPELINES_VARIABLES_PATH`")
}

/// PowerShell's scripts are not followed as closely.
fn is_windows(step: &crate::pipeline::Step<'_>) -> bool {
    !step.runs_on.is_empty()
}

/// Whether a write goes to the file of output variables.
fn is_output(write: &FileWrite) -> bool {
    write.path.written().is_some_and(|path| path == "${BITBUCKET_PIPELINES_VARIABLES_PATH}")
}

/// The variables of what is written, and whether all of them are known.
fn names(write: &FileWrite) -> (Vec<String>, bool) {
    let content = write.content.to_string().replace("\\n", "\n");
    let mut found = Vec::new();
    // The output of `env` counts as empty.
    let mut whole = !content.trim().is_empty();
    for line in content.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.split_once('=') {
            Some((name, _)) if is_name(name) => found.push(name.to_owned()),
            // The rest of a value of several lines, or the output of a program.
            _ => whole = false,
        }
    }
    (found, whole)
}
