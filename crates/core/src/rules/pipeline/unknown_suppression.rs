use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety},
    rules::{Findings, Group, pipeline::RULES, rule},
    spelling::nearest,
};

rule! {
    /// A suppression that names no rule, or that cannot be read.
    ///
    /// It has no effect: the findings that it was meant for are still reported.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         image: node # keyless: allow[unpined-image] mirrored and scanned
    ///         script: [npm test]
    /// ```
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         image: node # keyless: ignore
    ///         script: [npm test]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         image: node # keyless: allow[unpinned-image] mirrored and scanned
    ///         script: [npm test]
    /// ```
    ///
    /// A suppression names rules or groups: `# keyless: allow[unpinned-image, scripts] reason`.
    static RULE: "unknown-suppression", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    // The first module of the page has only some of the rules.
    if !cfg!(feature = "complete") {
        return;
    }
    let known = || RULES.iter().map(|rule| rule.id.as_str()).chain(Group::ALL.map(Group::name));
    for name in file.suppressions.valid.iter().flat_map(|suppression| &suppression.names) {
        if known().any(|known| known == name.value) {
            continue;
        }
        let message = format!("unknown rule or group `{}`", name.value);
        let Some(near) = nearest(name.value, known()) else {
            findings
                .report(name.span, message)
                .help("use the id in brackets after the finding; `keyless rules` lists them all");
            continue;
        };
        let edit = Edit { span: name.span, replacement: near.to_owned() };
        findings.report(name.span, format!("{message}; did you mean `{near}`?")).fix(
            format!("change it to `{near}`"),
            Safety::Safe,
            vec![edit],
        );
    }
    for comment in &file.suppressions.malformed {
        findings.report(*comment, "this comment suppresses nothing").help("write `# keyless: allow[rule-id] reason`");
    }
}
