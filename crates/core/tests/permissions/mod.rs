//! Users with policies, and what a role gets of them.
//!
//! A case is `NAME.json`, a user; `NAME.txt` is the plan, or why there is none. `SNAPSHOTS=overwrite` updates it. A policy
//! with `padding` gets a statement that makes it longer by about so many characters.

use std::{fmt::Write as _, fs, path::Path};

use keyless_core::{
    iam::document::{Node, compact, parse},
    migrate::permissions::{Group, InlinePolicy, MANAGED_LIMIT, ManagedPolicy, UserPermissions, plan},
};
use snapbox::{Assert, Data, IntoData, assert::DEFAULT_ACTION_ENV};

fn text(node: &Node, key: &str) -> String {
    node.get(key).and_then(Node::as_str).unwrap_or_default().to_owned()
}

fn items<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    node.get(key).map_or(&[], Node::items)
}

fn document(policy: &Node) -> String {
    let statements = policy.get("document").map_or_else(String::new, compact);
    let Some(padding) = policy.get("padding").map(|node| compact(node).parse::<usize>().unwrap()) else {
        return statements;
    };
    let long =
        format!(r#"{{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::{}"}}"#, "x".repeat(padding));
    if statements.is_empty() {
        return format!(r#"{{"Version":"2012-10-17","Statement":{long}}}"#);
    }
    statements.replacen("\"Statement\":[", &format!("\"Statement\":[{long},"), 1)
}

fn managed(policy: &Node) -> ManagedPolicy {
    ManagedPolicy { arn: text(policy, "arn"), document: document(policy) }
}

fn inline(policy: &Node) -> InlinePolicy {
    InlinePolicy { name: text(policy, "name"), document: document(policy) }
}

fn user(node: &Node) -> UserPermissions {
    let group = |node: &Node| Group {
        name: text(node, "name"),
        attached: items(node, "attached").iter().map(managed).collect(),
        inline: items(node, "inline").iter().map(inline).collect(),
    };
    UserPermissions {
        name: text(node, "name"),
        arn: format!("arn:aws:iam::123456789012:user/{}", text(node, "name")),
        attached: items(node, "attached").iter().map(managed).collect(),
        inline: items(node, "inline").iter().map(inline).collect(),
        groups: items(node, "groups").iter().map(group).collect(),
        boundary: node.get("boundary").map(managed),
        tags: node
            .get("tags")
            .map_or(&[][..], Node::members)
            .iter()
            .map(|tag| (tag.key.clone(), tag.value.as_str().unwrap().to_owned()))
            .collect(),
    }
}

/// The plan with its documents, in which padding is shortened.
fn planned(user: &UserPermissions) -> String {
    let plan = match plan(user, "bitbucket", MANAGED_LIMIT) {
        Ok(plan) => plan,
        Err(error) => return format!("error: {error}\n"),
    };
    let mut out = plan.to_text();
    for policy in plan.created.iter().chain(&plan.inline) {
        let mut document = policy.document.clone();
        while document.contains("xx") {
            document = document.replace("xx", "x");
        }
        let _ = writeln!(out, "\n{}: {document}", policy.name);
        assert_eq!(compact(&parse(&policy.document).unwrap()), policy.document, "{}", policy.name);
    }
    out
}

#[test]
fn a_role_gets_what_the_user_has() {
    let assert = Assert::new().action_env(DEFAULT_ACTION_ENV);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/permissions");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut wrong = Vec::new();
    for path in &paths {
        let actual = planned(&user(&parse(&fs::read_to_string(path).unwrap()).unwrap()));
        let expected = Data::read_from(&path.with_extension("txt"), None).raw();
        wrong.extend(assert.try_eq(None, actual.into_data().raw(), expected).err().map(|error| error.to_string()));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(paths.len() >= 9, "only {} cases", paths.len());
}

#[test]
fn a_larger_quota_is_used() {
    let attached = (0..12).map(|number| ManagedPolicy {
        arn: format!("arn:aws:iam::aws:policy/P{number}"),
        document: r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned(),
    });
    let user = UserPermissions { name: "ci".to_owned(), attached: attached.collect(), ..UserPermissions::default() };
    assert!(plan(&user, "bitbucket", MANAGED_LIMIT).is_err());
    assert_eq!(plan(&user, "bitbucket", 12).unwrap().attached.len(), 12);
}
