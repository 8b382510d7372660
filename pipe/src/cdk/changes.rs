//! What `cdk diff` reports for each stack: which resources are added, changed, replaced or destroyed, and where access is
//! broadened.
//!
//! The CDK has no machine-readable diff, and whether a resource is replaced (according to a change set, or to its own database
//! of resource types) is only in what it prints. So that is read line by line, and checked against the CDK's own number of
//! stacks that differ (aws-cdk 2.1148.1).

use std::fmt;

use super::display;

/// The changes of all stacks. Bounded, however much the CDK prints.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    stacks: Vec<StackChanges>,
    section: Section,
    /// The row of an access table that is being read.
    row: Option<Row>,
    /// How many stacks differ according to the CDK.
    counted: Option<usize>,
}

/// The changes of one stack.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct StackChanges {
    /// Its display name: `Shop`, `Prod/Shop (Prod-Shop)` in a stage; a nested stack's own name.
    pub name: String,
    /// What happens to its resources.
    pub resources: Vec<Change>,
    /// Where access is broadened.
    pub broader: Vec<String>,
    /// How many of its outputs, parameters and so on change.
    pub others: usize,
}

/// What happens to one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// What happens.
    pub effect: Effect,
    /// `AWS::S3::Bucket`
    pub kind: String,
    /// Its path in the app, or its logical id.
    pub name: String,
}

/// What happens to a resource, in the order of risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// It is created.
    Add,
    /// It is changed in place.
    Change,
    /// An existing resource becomes part of the stack.
    Import,
    /// It is removed from the stack and kept.
    Orphan,
    /// It is replaced, or changed in place: CloudFormation decides.
    MayReplace,
    /// A new one replaces it.
    Replace,
    /// It is deleted.
    Destroy,
}

/// The part of a stack's diff that a line belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Section {
    #[default]
    None,
    Resources,
    /// IAM statements, one a row: resource, effect, actions, principals, condition.
    Statements,
    /// Managed policies, one a row: of whom, which.
    Policies,
    /// Rules of security groups, one a row: group, direction, protocol, peer.
    Rules,
    Others,
}

/// A row of a table, its cells over several lines joined.
#[derive(Debug)]
struct Row {
    cells: Vec<String>,
}

/// All effects with the word in which a table names them.
pub(crate) const EFFECTS: [(Effect, &str); 7] = [
    (Effect::Add, "add"),
    (Effect::Change, "change"),
    (Effect::Import, "import"),
    (Effect::Orphan, "orphan"),
    (Effect::MayReplace, "may replace"),
    (Effect::Replace, "replace"),
    (Effect::Destroy, "destroy"),
];
/// The text after a resource whose change has an impact.
const IMPACTS: [(&str, Effect); 5] = [
    (" may be replaced", Effect::MayReplace),
    (" replace", Effect::Replace),
    (" destroy", Effect::Destroy),
    (" orphan", Effect::Orphan),
    (" import", Effect::Import),
];
const SECTIONS: [(&str, Section); 4] = [
    ("Resources", Section::Resources),
    ("IAM Statement Changes", Section::Statements),
    ("IAM Policy Changes", Section::Policies),
    ("Security Group Changes", Section::Rules),
];
const OTHER_SECTIONS: [&str; 7] =
    ["Template", "Parameters", "Metadata", "Mappings", "Conditions", "Outputs", "Other Changes"];
/// How much is kept.
const MOST_STACKS: usize = 200;
const MOST_CHANGES: usize = 2000;

impl Changes {
    /// Reads a line of the CDK's output, without its line break and without colors.
    pub(crate) fn line(&mut self, line: &str) {
        if let Some(number) = line.trim().strip_prefix("✨  Number of stacks with differences: ") {
            self.counted = number.parse().ok();
        } else if let Some(name) = stack_name(line) {
            self.section = Section::None;
            if self.stacks.len() < MOST_STACKS {
                self.stacks.push(StackChanges { name: name.to_owned(), ..StackChanges::default() });
            }
        } else if let Some((_, section)) = SECTIONS.iter().find(|(title, _)| *title == line) {
            self.section = *section;
        } else if OTHER_SECTIONS.contains(&line) {
            self.section = Section::Others;
        } else {
            self.content(line);
        }
    }

    fn content(&mut self, line: &str) {
        let Some(stack) = self.stacks.last_mut() else { return };
        match self.section {
            Section::Resources if stack.resources.len() < MOST_CHANGES => stack.resources.extend(Change::read(line)),
            Section::Others if line.starts_with('[') => stack.others += 1,
            Section::Statements | Section::Policies | Section::Rules => match (Row::cells(line), &mut self.row) {
                (Some(cells), Some(row)) => row.extend(&cells),
                (Some(cells), row) => *row = Some(Row { cells }),
                (None, row) => {
                    let broader = row.take().and_then(|row| row.broader(self.section));
                    stack.broader.extend(broader.filter(|_| stack.broader.len() < MOST_CHANGES));
                }
            },
            Section::None | Section::Resources | Section::Others => {}
        }
    }

    /// The stacks that were compared, in the CDK's order; nested ones by themselves.
    pub(crate) fn stacks(&self) -> &[StackChanges] {
        &self.stacks
    }

    /// Whether the CDK finished its diff.
    pub(crate) fn is_complete(&self) -> bool {
        self.counted.is_some()
    }

    /// How many stacks differ according to the CDK, and according to what was read, if these are not the same.
    pub(crate) fn disagreement(&self) -> Option<(usize, usize)> {
        let read = self.stacks.iter().filter(|stack| !stack.is_same()).count();
        self.counted.filter(|counted| *counted != read).map(|counted| (counted, read))
    }

    /// How many resources of all stacks have this effect.
    pub(crate) fn count(&self, effect: Effect) -> usize {
        self.stacks.iter().map(|stack| stack.count(effect)).sum()
    }

    /// How often access is broadened.
    pub(crate) fn broader(&self) -> usize {
        self.stacks.iter().map(|stack| stack.broader.len()).sum()
    }
}

impl StackChanges {
    /// Whether nothing changes.
    pub(crate) fn is_same(&self) -> bool {
        self.resources.is_empty() && self.broader.is_empty() && self.others == 0
    }

    /// How many of its resources have this effect.
    pub(crate) fn count(&self, effect: Effect) -> usize {
        self.resources.iter().filter(|change| change.effect == effect).count()
    }
}

/// The display name in a stack's first line: `Stack Prod/Shop (Prod-Shop) (aws://111111111111/eu-west-1)`. Older CLIs print no
/// environment.
fn stack_name(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("Stack ")?;
    let name = rest.split_once(" (aws://").map_or(rest, |(name, _)| name);
    display::physical_name(name).map(|_| name)
}

impl Change {
    /// A line such as `[~] AWS::S3::Bucket Shop/Bucket Bucket83908E77 may be replaced`.
    fn read(line: &str) -> Option<Self> {
        let (mark, rest) = line.strip_prefix('[')?.split_once("] ")?;
        let impact = IMPACTS.iter().find_map(|(words, effect)| Some((rest.strip_suffix(words)?, *effect)));
        let (rest, effect) = match (impact, mark) {
            (Some(impact), _) => impact,
            (None, "+") => (rest, Effect::Add),
            (None, "-") => (rest, Effect::Destroy),
            (None, _) => (rest, Effect::Change),
        };
        let (kind, names) = rest.split_once(' ')?;
        let name = names.rsplit_once(' ').map_or(names, |(path, _logical_id)| path);
        kind.contains("::").then(|| Self { effect, kind: kind.to_owned(), name: name.to_owned() })
    }
}

impl Row {
    /// The cells of a line of a table; nothing when it is a border.
    fn cells(line: &str) -> Option<Vec<String>> {
        let inner = line.strip_prefix('│')?.strip_suffix('│')?;
        Some(inner.split('│').map(|cell| cell.trim().to_owned()).collect())
    }

    /// Adds a further line of the same row.
    fn extend(&mut self, cells: &[String]) {
        for (cell, more) in self.cells.iter_mut().zip(cells).filter(|(_, more)| !more.is_empty()) {
            cell.push_str(if cell.is_empty() { "" } else { " " });
            cell.push_str(more);
        }
    }

    /// The row in words, if it broadens access: a new allow statement, or a removed deny statement.
    fn broader(&self, section: Section) -> Option<String> {
        let cells: Vec<&str> = self.cells.iter().map(String::as_str).collect();
        match (section, cells.as_slice()) {
            (Section::Statements, ["+", resource, "Allow", actions, principals, condition]) => {
                Some(statement("allows", resource, actions, principals, condition))
            }
            (Section::Statements, ["-", resource, "Deny", actions, principals, condition]) => {
                Some(statement("no longer denies", resource, actions, principals, condition))
            }
            (Section::Policies, ["+", whom, policy]) => Some(format!("attaches policy {policy} to {whom}")),
            (Section::Rules, ["+", group, direction, protocol, peer]) => {
                let direction = if *direction == "In" { "from" } else { "to" };
                Some(format!("opens {group} for {protocol} {direction} {peer}"))
            }
            _ => None,
        }
    }
}

fn statement(verb: &str, resource: &str, actions: &str, principals: &str, condition: &str) -> String {
    let actions = actions.replace(' ', ", ");
    let condition = if condition.is_empty() { String::new() } else { format!(" if {condition}") };
    format!("{verb} {actions} on {resource} to {principals}{condition}")
}

impl Effect {
    /// Whether something that exists may be lost.
    pub(crate) fn is_risky(self) -> bool {
        self >= Self::Orphan
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "adds",
            Self::Change => "changes",
            Self::Import => "imports",
            Self::Orphan => "orphans",
            Self::MayReplace => "may replace",
            Self::Replace => "replaces",
            Self::Destroy => "destroys",
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.effect, self.kind, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(text: &str) -> Changes {
        let mut changes = Changes::default();
        text.lines().for_each(|line| changes.line(line));
        changes
    }

    /// As aws-cdk 2.1148.1 prints it.
    const DIFF: &str = include_str!("changes/diff.txt");

    #[test]
    fn resources_and_access_are_read_by_stack() {
        let changes = changes(DIFF);
        let shown: Vec<String> = changes
            .stacks()
            .iter()
            .flat_map(|stack| {
                let resources = stack.resources.iter().map(|change| format!("{}: {change}", stack.name));
                resources.chain(stack.broader.iter().map(|broader| format!("{}: {broader}", stack.name)))
            })
            .collect();
        assert_eq!(
            shown,
            [
                "Shop: orphans AWS::S3::Bucket Kept",
                "Shop: destroys AWS::SSM::Parameter Gone",
                "Shop: adds AWS::IAM::Policy Role/DefaultPolicy",
                "Shop: adds AWS::EC2::SecurityGroup Sg",
                "Shop: may replace AWS::S3::Bucket Named",
                "Shop: replaces AWS::SSM::Parameter Name",
                "Shop: changes AWS::SSM::Parameter Value",
                "Shop: changes AWS::IAM::Role Role",
                "Shop: may replace AWS::CloudFormation::Stack Nested.NestedStack/Nested.NestedStackResource",
                "Shop: allows s3:GetObject, s3:ListBucket on * to AWS:${Role} if \"StringEquals\": { \
                 \"aws:PrincipalTag/team\": \"a\" }",
                "Shop: attaches policy arn:${AWS::Partition}:iam::aws:policy/ReadOnlyAccess to ${Role}",
                "Shop: opens ${Sg.GroupId} for TCP 22 from Everyone (IPv4)",
                "Shop-NestedNestedStackNestedNestedStackResourceDEFDAA4D-a06d88e9-344: adds AWS::SSM::Parameter Nested/Inner2",
                "Shop-NestedNestedStackNestedNestedStackResourceDEFDAA4D-a06d88e9-344: changes AWS::SSM::Parameter \
                 Nested/Inner",
            ]
        );
        assert_eq!((changes.stacks().len(), changes.stacks()[2].is_same()), (3, true));
        assert_eq!((changes.is_complete(), changes.disagreement()), (true, None));
    }

    #[test]
    fn stacks_have_their_display_names() {
        for (line, name) in [
            ("Stack Shop (aws://111111111111/eu-west-1)", Some("Shop")),
            ("Stack Shop", Some("Shop")),
            ("Stack Prod/Shop (Prod-Shop) (aws://111111111111/eu-west-1)", Some("Prod/Shop (Prod-Shop)")),
            ("Stack Web (acme-web)", Some("Web (acme-web)")),
            ("Stack Shop could not be found", None),
            ("Stack Shop: no issues found.", None),
        ] {
            assert_eq!(stack_name(line), name, "{line}");
        }
    }

    #[test]
    fn a_diff_that_cannot_be_read_is_known_as_such() {
        let changes = changes(&DIFF.replace("Resources", "Ressourcen").replace("Changes", "Änderungen"));
        assert_eq!(changes.disagreement(), Some((2, 0)));
    }

    #[test]
    fn broader_is_more_allowed_or_less_denied() {
        let row = |mark: &str, effect: &str| {
            let table = format!("┌─┐\n│   │ R │ Effect │ A │ P │ C │\n├─┤\n│ {mark} │ r │ {effect} │ a │ p │   │\n└─┘");
            changes(&format!("Stack S\nIAM Statement Changes\n{table}")).stacks()[0].broader.clone()
        };
        assert_eq!(row("+", "Allow"), ["allows a on r to p"]);
        assert_eq!(row("-", "Deny"), ["no longer denies a on r to p"]);
        assert_eq!((row("-", "Allow"), row("+", "Deny")), (Vec::new(), Vec::new()));
    }
}
