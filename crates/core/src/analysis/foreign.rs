//! Files of other CI systems.

use crate::yaml::{Field, Kind, NodeId, Tree};

/// A file of another CI system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// The system, with its article.
    pub system: &'static str,
    /// The key by which it is recognized.
    pub key: NodeId,
}

/// Finds the key by which a system's file is recognized, in the root mapping and its fields.
type Recognize = fn(&Tree, NodeId, &[Field]) -> Option<NodeId>;

/// The other CI system whose file this plainly is. A file with `pipelines` or `definitions` is Bitbucket's.
pub fn read(tree: &Tree) -> Option<Foreign> {
    let root = tree.root()?;
    let fields = tree.fields(root);
    let own = ["pipelines", "definitions", "export"].iter().any(|name| tree.field(root, name).is_some());
    if tree.is_broken() || own {
        return None;
    }
    // With their articles.
    let systems: [(&str, Recognize); 4] = [
        ("a GitHub Actions", github),
        ("a CircleCI", circle_ci),
        ("an Azure Pipelines", azure),
        ("a GitLab CI", gitlab),
    ];
    systems.into_iter().find_map(|(system, recognize)| Some(Foreign { system, key: recognize(tree, root, &fields)? }))
}

/// The key of a field.
fn key(tree: &Tree, map: NodeId, name: &str) -> Option<NodeId> {
    tree.field(map, name).map(|field| field.key)
}

/// Whether a mapping has one of these keys.
fn has(tree: &Tree, map: NodeId, names: &[&str]) -> bool {
    names.iter().any(|name| tree.field(map, name).is_some())
}

/// Whether a value is a mapping, or a list with a mapping, that has one of these keys.
fn holds(tree: &Tree, value: NodeId, names: &[&str]) -> bool {
    has(tree, value, names) || tree.items(value).iter().any(|item| has(tree, *item, names))
}

/// `on` and `jobs`, whose entries have `runs-on` or `uses`.
fn github(tree: &Tree, root: NodeId, _: &[Field]) -> Option<NodeId> {
    let jobs = tree.field(root, "jobs")?;
    let is_job = |field: &Field| has(tree, field.value, &["runs-on", "uses"]);
    tree.fields(jobs.value).iter().any(is_job).then_some(jobs.key)
}

/// `version` with `jobs`, `workflows` or `orbs`.
fn circle_ci(tree: &Tree, root: NodeId, _: &[Field]) -> Option<NodeId> {
    tree.field(root, "version")?;
    ["workflows", "orbs", "jobs"].iter().find_map(|name| {
        let field = tree.field(root, name)?;
        matches!(tree.kind(field.value), Kind::Mapping(_)).then_some(field.key)
    })
}

/// `stages`, `jobs` or `steps` as lists of what Azure calls so, or `pool` with `trigger`.
fn azure(tree: &Tree, root: NodeId, _: &[Field]) -> Option<NodeId> {
    let lists: [(&str, &[&str]); 3] = [
        ("stages", &["stage", "template"]),
        ("jobs", &["job", "deployment", "template"]),
        ("steps", &["task", "script", "bash", "pwsh", "powershell", "checkout", "template"]),
    ];
    let list = lists.iter().find_map(|(name, names)| {
        let field = tree.field(root, name)?;
        let items = matches!(tree.kind(field.value), Kind::Sequence(_));
        (items && holds(tree, field.value, names)).then_some(field.key)
    });
    list.or_else(|| key(tree, root, "pool").filter(|_| has(tree, root, &["trigger", "steps", "stages", "jobs"])))
}

/// Keys of the top level that only GitLab has.
const GITLAB: [&str; 6] = ["stages", "before_script", "after_script", "workflow", "include", "default"];

/// Jobs at the top level, with `stage` or together with one of GitLab's keys.
fn gitlab(tree: &Tree, root: NodeId, fields: &[Field]) -> Option<NodeId> {
    let is_job = |field: &&Field| has(tree, field.value, &["script", "trigger", "extends"]);
    let of_stage =
        fields.iter().filter(is_job).find(|field| has(tree, field.value, &["stage", "rules", "only", "needs"]));
    let job = of_stage.or_else(|| fields.iter().find(is_job).filter(|_| has(tree, root, &GITLAB)));
    job.map(|job| key(tree, root, "stages").unwrap_or(job.key))
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::yaml::{Limits, parse};

    #[test]
    fn files_of_other_systems_are_recognized() {
        for (text, expected) in [
            (
                "on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps: [{run: make}]\n",
                Some("a GitHub Actions"),
            ),
            ("jobs:\n  call:\n    uses: acme/shop/.github/workflows/a.yml@v1\n", Some("a GitHub Actions")),
            (
                "version: 2.1\njobs:\n  a:\n    docker: [{image: cimg/base}]\n    steps: [checkout]\n",
                Some("a CircleCI"),
            ),
            ("version: 2.1\norbs: {node: circleci/node@5}\n", Some("a CircleCI")),
            ("trigger: [main]\npool: {vmImage: ubuntu-latest}\nsteps:\n- script: make\n", Some("an Azure Pipelines")),
            ("stages:\n- stage: Build\n  jobs: []\n", Some("an Azure Pipelines")),
            ("stages: [a]\nbuild:\n  stage: a\n  script: [make]\n", Some("a GitLab CI")),
            ("before_script: [x]\nbuild:\n  script: make\n", Some("a GitLab CI")),
            ("image: node\nbuild:\n  script: make\n  only: [main]\n", Some("a GitLab CI")),
            ("image: node\nbuild:\n  script: [make]\n", None),
            ("pipelines: {}\nstages: [a]\nbuild: {stage: a, script: [b]}\n", None),
            ("definitions: {pipelines: {a: []}}\nexport: true\n", None),
            ("steps:\n- step: {script: [make]}\n", None),
            ("default:\n- step: {script: [make]}\n", None),
            ("", None),
        ] {
            let (tree, _) = parse(text, Limits::default());
            assert_eq!(read(&tree).map(|foreign| foreign.system), expected, "{text}");
        }
    }
}
