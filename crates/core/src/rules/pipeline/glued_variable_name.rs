use std::collections::{BTreeMap, HashSet};

use crate::{
    analysis::Analysis,
    diagnostic::{Edit, Safety, Severity},
    facts::{self, StepFacts},
    pipeline::{Language, Pipeline, Start},
    rules::{Findings, rule},
    settings::Known,
    text::Span,
};

rule! {
    /// A variable whose name runs into the characters behind it.
    ///
    /// The shell takes the longest name: `$BITBUCKET_BUILD_NUMBERbeta` is the variable `BITBUCKET_BUILD_NUMBERbeta`, which
    /// nobody sets, and not the build number followed by `beta`. Braces end the name.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [docker]
    ///         script:
    ///           - docker build --tag app:$BITBUCKET_BUILD_NUMBERbeta .
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [docker]
    ///         script:
    ///           - docker build --tag app:${BITBUCKET_BUILD_NUMBER}beta .
    /// ```
    ///
    /// Reported are names that begin with that of a variable which Bitbucket or the file sets, and whose rest does not look like part of a name:
    /// it is in lower case behind a name in upper case, or it is a single `_`.
    ///
    /// Source: <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_06_02>.
    static RULE: "glued-variable-name", Warning, check
}

/// The shortest name that may be meant; shorter ones begin too many others.
const SHORTEST: usize = 3;

/// The longest name that is looked at, in bytes.
const LONGEST: usize = 100;

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let known = Names::of(file);
    let mut found: BTreeMap<&str, Vec<(Span, &str, Severity)>> = BTreeMap::new();
    for (step, facts) in file.steps() {
        if file.model.script_language(step) == Language::PowerShell {
            continue;
        }
        let environments = file.environments(step);
        for read in facts.reads.iter().filter(|read| !read.optional && read.name.len() <= LONGEST) {
            let written = file.source.slice(read.span);
            if !written.starts_with('$') || written.starts_with("${") || known.contains(&read.name) {
                continue;
            }
            let declared = |environment| file.settings.known(&read.name, environment) == Known::Defined;
            if environments.iter().copied().any(declared) {
                continue;
            }
            if let Some((meant, severity)) = known.meant(&read.name, facts, facts.is_opaque(read.order)) {
                found.entry(&read.name).or_default().push((read.span, meant, severity));
            }
        }
    }
    for (name, mut places) in found {
        places.sort_unstable_by_key(|(span, ..)| *span);
        places.dedup_by_key(|(span, ..)| *span);
        let Some(&(first, meant, severity)) = places.first() else { continue };
        let rest = &name[meant.len()..];
        let finding = findings.report_as(severity, first, format!("the shell reads `${name}`, which is not set"));
        for (span, ..) in &places[1..] {
            finding.related(*span, "here too").covers(*span);
        }
        finding.help(format!("use `${{{meant}}}{rest}`"));
        let whole = |span: &Span| file.source.slice(*span) == format!("${name}");
        if places.iter().all(|(span, ..)| whole(span)) {
            let edit = |(span, ..): &(Span, _, _)| Edit { span: *span, replacement: format!("${{{meant}}}{rest}") };
            let safety = if facts::availability(meant).is_some() { Safety::Safe } else { Safety::Unsafe };
            finding.fix("put the name in braces", safety, places.iter().map(edit).collect());
        }
    }
}

/// The variables of a file.
struct Names<'f> {
    /// Those that it sets or asks for, or whose names it writes in braces.
    certain: HashSet<&'f str>,
    /// Those that it only reads.
    read: HashSet<&'f str>,
}

impl<'f> Names<'f> {
    fn of(file: &'f Analysis<'_>) -> Self {
        let mut names = Self { certain: HashSet::new(), read: HashSet::new() };
        let asked = file.model.pipelines.iter().filter(|pipeline| pipeline.start == Start::Custom);
        names.certain.extend(asked.flat_map(Pipeline::variables).map(|variable| variable.name.value));
        for step in &file.model.steps {
            names.certain.extend(step.output_variables.iter().chain(&step.input_variables).map(|name| name.value));
        }
        for (_, facts) in file.steps() {
            names.certain.extend(facts.bindings.iter().map(|binding| binding.name.as_str()));
            for read in &facts.reads {
                let braced = file.source.slice(read.span).starts_with("${");
                if braced { &mut names.certain } else { &mut names.read }.insert(&read.name);
            }
        }
        names
    }

    /// Whether something sets the variable.
    fn contains(&self, name: &str) -> bool {
        self.certain.contains(name) || facts::availability(name).is_some() || facts::is_from_elsewhere(name)
    }

    /// The variable whose name a longer one begins with, and how certain it is that it is meant.
    fn meant<'n>(&self, name: &'n str, facts: &StepFacts, opaque: bool) -> Option<(&'n str, Severity)> {
        let prefixes = (SHORTEST..name.len()).rev().filter(|&length| name.is_char_boundary(length));
        let mut prefixes = prefixes.map(|length| name.split_at(length));
        prefixes.find_map(|(meant, rest)| {
            let default = facts::availability(meant).is_some();
            if !default && !self.certain.contains(meant) && !self.read.contains(meant) {
                return None;
            }
            let lower = |text: &str| text.contains(|letter: char| letter.is_ascii_lowercase());
            let first = rest.trim_start_matches('_').chars().next();
            let text = !lower(meant) && first.is_none_or(|letter| letter.is_ascii_lowercase());
            let long = meant.starts_with("BITBUCKET_") && !rest.starts_with('_') && rest.len() > 2;
            if text && (rest == "_" || first.is_some()) || default && long {
                return Some((meant, Severity::Warning));
            }
            // In lower case the rest may belong to the name, but nothing sets it.
            let set_here = || facts.bindings.iter().any(|binding| binding.name == meant);
            (!opaque && rest.len() > 1 && lower(meant) && set_here()).then_some((meant, Severity::Hint))
        })
    }
}
