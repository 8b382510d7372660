use std::collections::HashSet;

use crate::{
    analysis::Analysis,
    facts::ScriptSection,
    pipeline::{Start, Step, glob},
    rules::{Findings, rule},
    script::{Command, Part, Word},
    yaml::NodeId,
};

rule! {
    /// A comparison with a branch that the clone may not contain.
    ///
    /// Bitbucket clones the branch of the pipeline, with the last 50 commits. With a depth, `git clone` fetches that branch
    /// only, so `origin/main` does not exist in a pipeline of another branch: "unknown revision or path not in the working
    /// tree". Fetch the branch first, into the name that is used; `git fetch origin main` alone sets `FETCH_HEAD`.
    ///
    /// ```yaml wrong
    /// image: node:22.12
    /// pipelines:
    ///   pull-requests:
    ///     '**':
    ///       - step:
    ///           script:
    ///             - git diff --name-only origin/main...HEAD > changed.txt
    ///             - ./lint-changed.sh changed.txt
    /// ```
    ///
    /// ```yaml right
    /// image: node:22.12
    /// pipelines:
    ///   pull-requests:
    ///     '**':
    ///       - step:
    ///           script:
    ///             - git fetch origin main:refs/remotes/origin/main
    ///             - git diff --name-only origin/main...HEAD > changed.txt
    ///             - ./lint-changed.sh changed.txt
    /// ```
    ///
    /// After any `git fetch` of the branch, or of everything, nothing is reported, nor with `clone: {depth: full}`, in custom
    /// pipelines and in those of tags.
    ///
    /// Source: <https://git-scm.com/docs/git-clone#Documentation/git-clone.txt---depthdepth>.
    static RULE: "unfetched-branch", Hint, check
}

/// Subcommands of git that read commits.
const READING: [&str; 16] = [
    "diff",
    "log",
    "rev-list",
    "rev-parse",
    "merge-base",
    "merge",
    "rebase",
    "cherry",
    "diff-tree",
    "shortlog",
    "show",
    "range-diff",
    "checkout",
    "switch",
    "reset",
    "cherry-pick",
];

/// Names that main branches have by convention.
const MAIN: [&str; 6] = ["main", "master", "develop", "development", "trunk", "staging"];

/// Programs that only print their arguments, or give them to something else.
const OTHERS: [&str; 9] = ["echo", "printf", "docker", "ssh", "curl", "sed", "grep", "awk", "export"];

/// The destination of a pull request, in the name of a branch.
const DESTINATION: &str = "$BITBUCKET_PR_DESTINATION_BRANCH";

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let full = |node: Option<NodeId>| node.is_some_and(|node| clones_fully(file, node));
    if full(file.model.root) {
        return;
    }
    for (step, facts) in file.steps() {
        if step.clone_disabled || full(Some(step.node)) {
            continue;
        }
        let mut fetched = Fetched::default();
        let mut reported: HashSet<String> = HashSet::new();
        for section in &facts.sections {
            for command in &section.script.commands {
                let Some(invocation) = command.invocation() else { continue };
                if invocation.program == "git" {
                    fetched.note(invocation.arguments);
                }
                if fetched.all || OTHERS.contains(&invocation.program.as_ref()) {
                    continue;
                }
                let Some((word, branch)) = read_branch(command) else { continue };
                if fetched.branches.contains(&branch)
                    || !absent(file, step, &branch)
                    || !reported.insert(branch.clone())
                {
                    continue;
                }
                report(file, section, word, &branch, findings);
            }
        }
    }
}

fn report(file: &Analysis<'_>, section: &ScriptSection, word: &Word, branch: &str, findings: &mut Findings<'_>) {
    let span = file.first_line(section.place(word.span));
    findings
        .report(
            span,
            format!("the clone may not contain `{branch}`, because Bitbucket clones the branch of the pipeline only"),
        )
        .help(format!("run `git fetch origin {branch}:refs/remotes/origin/{branch}` first"));
}

/// Whether `clone` below a node has the depth `full`.
fn clones_fully(file: &Analysis<'_>, node: NodeId) -> bool {
    let field = |node: NodeId, name: &str| {
        let fields = file.tree.fields(node);
        fields.iter().find(|field| file.text(field.key) == name).map(|field| field.value)
    };
    let clone = field(node, "clone").and_then(|clone| field(clone, "depth"));
    clone.is_some_and(|depth| file.tree.text(depth) == Some("full"))
}

/// What a step has fetched so far.
#[derive(Default)]
struct Fetched {
    /// Everything, or something unknown.
    all: bool,
    branches: HashSet<String>,
}

impl Fetched {
    /// Notes the effect of a git command.
    fn note(&mut self, arguments: &[Word]) {
        let words: Vec<String> = arguments.iter().map(text).filter(|word| !word.starts_with('-')).collect();
        let all = arguments.iter().any(|word| word.prefix() == "--all");
        match words.first().map(String::as_str) {
            Some("clone" | "pull" | "remote" | "config" | "worktree" | "init") => self.all = true,
            Some("fetch") if all || words.len() < 3 => self.all = true,
            Some("fetch") => {
                for refspec in &words[2..] {
                    self.all |= refspec.contains('*') || refspec.contains('$') && refspec != DESTINATION;
                    let (from, to) = refspec.split_once(':').unwrap_or((refspec, refspec));
                    let names = [from, to].map(|name| {
                        let name = name.trim_start_matches('+');
                        let name = name.trim_start_matches("refs/").trim_start_matches("heads/");
                        name.trim_start_matches("remotes/").trim_start_matches("origin/").to_owned()
                    });
                    self.branches.extend(names);
                }
            }
            Some("checkout" | "switch" | "branch") => {
                let new = words
                    .last()
                    .filter(|_| arguments.iter().any(|word| matches!(word.prefix(), "-b" | "-B" | "-c" | "--orphan")));
                self.branches.extend(new.cloned());
            }
            _ => {}
        }
    }
}

/// The branch that a command reads, with the word that names it.
fn read_branch(command: &Command) -> Option<(&Word, String)> {
    let invocation = command.invocation()?;
    let git = invocation.program == "git";
    let subcommand = invocation.arguments.iter().find(|word| !word.prefix().starts_with('-')).map_or("", Word::prefix);
    if git && !READING.contains(&subcommand) {
        return None;
    }
    let creates = invocation.has_flag(&["-b", "-B", "--orphan", "-c", "--create"]);
    let paths =
        invocation.arguments.iter().position(|word| word.prefix() == "--").unwrap_or(invocation.arguments.len());
    invocation.arguments[..paths].iter().find_map(|word| {
        let written = text(word);
        let remote = written.match_indices("origin/").find_map(|(at, name)| {
            let before = written[..at].trim_end_matches("remotes/").trim_end_matches("refs/");
            before
                .is_empty()
                .then_some(())
                .or_else(|| before.ends_with(['=', '[', '.', '^', '"', '\'', ' ']).then_some(()))?;
            branch_name(&written[at + name.len()..])
        });
        let local = || {
            let name = branch_name(&written)?;
            let range =
                written[name.len()..].starts_with("..") || matches!(subcommand, "merge-base" | "rebase" | "merge");
            let switches = matches!(subcommand, "checkout" | "switch" | "diff") && !creates && written == name;
            let main = MAIN.contains(&name.as_str()) || name == DESTINATION;
            (git && main && (range || switches)).then_some(name)
        };
        Some((word, remote.or_else(local)?))
    })
}

/// The name of a branch at the start of a revision; `None` for one that only the run can tell.
fn branch_name(revision: &str) -> Option<String> {
    let end = revision.find("..").unwrap_or(revision.len());
    let end = revision[..end].find(['^', '~', ':', ' ', ']', '"', '\'', ',', '@']).unwrap_or(end);
    let name = &revision[..end];
    let known = !name.is_empty() && name != "HEAD" && (!name.contains(['$', '*']) || name == DESTINATION);
    known.then(|| name.to_owned())
}

/// A word with its variables as `$NAME`.
fn text(word: &Word) -> String {
    let part = |part: &Part| match part {
        Part::Text { text, .. } => text.clone(),
        Part::Variable(expansion) => format!("${}", expansion.name),
        Part::Substitution { .. } | Part::Other { .. } => "$()".to_owned(),
    };
    word.parts.iter().map(part).collect()
}

/// Whether some pipeline of a step runs on another branch.
fn absent(file: &Analysis<'_>, step: &Step<'_>, branch: &str) -> bool {
    let mut pipelines = step.uses.iter().map(|at| &file.model.pipelines[at.pipeline]);
    pipelines.any(|pipeline| match pipeline.start {
        Start::Default | Start::PullRequests => true,
        Start::Branches => branch != DESTINATION && !glob::matches(pipeline.name.value, branch),
        _ => false,
    })
}
