//! Findings as an editor shows them.

use gen_lsp_types::{
    Code, CodeDescription, Diagnostic as Shown, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag,
    Location, Message, Uri,
};
use keyless_core::diagnostic::{Diagnostic, Severity};

use super::positions::Lines;
use crate::rules_command;

/// What the editor calls the author of a finding.
const AUTHOR: &str = "keyless";

/// Rules about text that does nothing, which editors fade.
const UNNECESSARY: [&str; 6] = [
    "ineffective-fail-fast",
    "unused-anchor",
    "unused-definition",
    "unused-oidc",
    "unused-registry-login",
    "unused-suppression",
];

/// Rules about what Bitbucket or AWS gave up, which editors strike out.
const DEPRECATED: [&str; 2] = ["outdated-pipe", "removed-app-password"];

/// A finding in the editor's form.
pub(crate) fn show(finding: &Diagnostic, lines: Lines<'_>, uri: &Uri) -> Shown {
    let severity = match finding.severity {
        Severity::Error => DiagnosticSeverity::Error,
        Severity::Warning => DiagnosticSeverity::Warning,
        // editors hardly show what they call a hint
        Severity::Hint => DiagnosticSeverity::Information,
    };
    let rule = finding.rule.as_str();
    let tag = |rules: &[&str], tag| rules.contains(&rule).then(|| vec![tag]);
    let message = match &finding.help {
        Some(help) => format!("{}\nhelp: {help}", finding.message),
        None => finding.message.clone(),
    };
    let related = finding.related.iter().map(|label| {
        let location = Location::new(uri.clone(), lines.range(label.span));
        DiagnosticRelatedInformation::new(location, label.message.clone().into_owned())
    });
    let related: Vec<_> = related.collect();
    Shown {
        range: lines.range(finding.primary.span),
        severity: Some(severity),
        code: Some(Code::String(rule.to_owned())),
        code_description: Some(CodeDescription::new(rules_command::page(finding.rule).into())),
        source: Some(AUTHOR.to_owned()),
        message: Message::String(message),
        tags: tag(&UNNECESSARY, DiagnosticTag::Unnecessary).or_else(|| tag(&DEPRECATED, DiagnosticTag::Deprecated)),
        related_information: (!related.is_empty()).then_some(related),
        data: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tagged_rules_exist() {
        let exists = |name: &&str| rules_command::all().any(|rule| rule.id.as_str() == *name);
        assert_eq!(UNNECESSARY.iter().chain(&DEPRECATED).find(|name| !exists(name)), None);
    }
}
