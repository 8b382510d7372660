//! What an editor shows around the text: ranges that fold, links, values that a step inherits, and what a step needs.

use std::cmp::Reverse;

use crate::{
    analysis::{Analysis, access::Access},
    pipeline::Step,
    requirements::requirements,
    text::Span,
    yaml::{Kind, NodeId, Style},
};

/// Lines that can be hidden behind the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fold {
    /// The line that stays, from 1.
    pub first: usize,
    /// The last hidden line, from 1.
    pub last: usize,
    /// Whether they are comments.
    pub is_comment: bool,
}

/// A part of the text that leads to a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The part.
    pub span: Span,
    /// The page's address.
    pub url: String,
}

/// A remark at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The place.
    pub offset: usize,
    /// What to show.
    pub text: String,
}

/// Keys whose values decide what a step is.
const SHOWN: [&str; 8] = ["deployment", "environment", "oidc", "image", "size", "max-time", "trigger", "runs-on"];

/// Something that the file defines for its pipelines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub kind: DefinitionKind,
    /// Its name in the text.
    pub place: Span,
    /// All of it.
    pub extent: Span,
}

/// What a [`Definition`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefinitionKind {
    /// A service.
    Service,
    /// A cache.
    Cache,
    /// A part with an anchor.
    Anchor,
}

/// The services, the caches and the anchors of a file, in text order.
pub fn definitions(file: &Analysis<'_>) -> Vec<Definition> {
    let tree = file.tree;
    let of = |name: &str, kind, place: Span, node: NodeId| Definition {
        name: name.to_owned(),
        kind,
        place,
        extent: place.cover(tree.span(node)),
    };
    let model = &file.model.definitions;
    let services =
        model.services.iter().map(|it| of(it.name.value, DefinitionKind::Service, it.name.span(tree), it.node));
    let caches = model.caches.iter().map(|it| of(it.name.value, DefinitionKind::Cache, it.name.span(tree), it.node));
    let anchors = tree.anchors().iter().map(|it| of(&it.name, DefinitionKind::Anchor, it.span, it.node));
    let mut found: Vec<_> = services.chain(caches).chain(anchors).collect();
    found.sort_by_key(|definition| definition.place);
    found
}

/// Blocks and comments of several lines, in text order.
pub fn folds(file: &Analysis<'_>) -> Vec<Fold> {
    let (tree, source) = (file.tree, file.source);
    let line = |offset: usize| source.position(offset).line;
    let mut found = Vec::new();
    let mut block = |start: usize, value: NodeId| {
        // the span of a block may include the blank lines after it
        let end = tree.span(value).start + source.slice(tree.span(value)).trim_end().len();
        let (first, last) = (line(start), line(end));
        if last > first && !matches!(tree.node(value).kind, Kind::Alias(_)) {
            found.push(Fold { first, last, is_comment: false });
        }
    };
    for id in tree.ids() {
        match &tree.node(id).kind {
            Kind::Mapping(entries) => {
                for entry in entries {
                    block(tree.span(entry.key).start, entry.value);
                }
            }
            Kind::Sequence(items) => {
                for item in items {
                    block(start_of(file, *item), *item);
                }
            }
            Kind::Scalar(_) | Kind::Alias(_) => {}
        }
    }
    let mut comments = tree.comments().iter().map(|comment| comment.span).peekable();
    let is_alone = |span: Span| {
        source
            .line(line(span.start))
            .is_some_and(|whole| source.slice(Span::new(whole.start, span.start)).trim().is_empty())
    };
    while let Some(start) = comments.next() {
        let (first, mut last) = (line(start.start), line(start.start));
        while is_alone(start) && comments.next_if(|next| line(next.start) == last + 1 && is_alone(*next)).is_some() {
            last += 1;
        }
        if last > first {
            found.push(Fold { first, last, is_comment: true });
        }
    }
    // of those that start in one line, the longest
    found.sort_unstable_by_key(|fold| (fold.first, Reverse(fold.last)));
    found.dedup_by_key(|fold| fold.first);
    found
}

/// Where an item starts; a block of text with the `|` or `>` above it.
fn start_of(file: &Analysis<'_>, item: NodeId) -> usize {
    let start = file.tree.span(item).start;
    let is_block = matches!(&file.tree.node(item).kind, Kind::Scalar(scalar) if matches!(scalar.style, Style::Literal | Style::Folded));
    if is_block { file.source.text()[..start].trim_end().len() } else { start }
}

/// The pages of pipes and images.
pub fn links(file: &Analysis<'_>) -> Vec<Link> {
    let tree = file.tree;
    let images = file.model.steps.iter().filter_map(|step| step.image).chain(file.model.image);
    let services = file.model.definitions.services.iter().filter_map(|service| service.image);
    let images = images.chain(services).filter_map(|image| image.name);
    let images = images.filter_map(|name| Some((name, image_page(name.value)?)));
    let pipes = file.model.steps.iter().flat_map(Step::pipes).map(|pipe| pipe.reference);
    let pipes = pipes.filter_map(|reference| Some((reference, pipe_page(reference.value)?)));
    let mut found: Vec<Link> = images.chain(pipes).map(|(text, url)| Link { span: text.span(tree), url }).collect();
    found.sort_by_key(|link| link.span);
    // what several steps share is one place
    found.dedup();
    found
}

/// The repository of a pipe, or the page of its image.
fn pipe_page(reference: &str) -> Option<String> {
    if let Some(image) = reference.strip_prefix("docker://") {
        return image_page(image);
    }
    let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let (name, _) = reference.split_once(':')?;
    let (owner, name) = name.split_once('/')?;
    (is_plain(owner) && is_plain(name)).then(|| format!("https://bitbucket.org/{owner}/{name}"))
}

/// The page of an image on Docker Hub; `None` for other registries, which have no pages for everyone.
fn image_page(image: &str) -> Option<String> {
    let name = image.split('@').next()?;
    let start = name.rfind('/').map_or(0, |slash| slash + 1);
    let name = name[start..].find(':').map_or(name, |colon| &name[..start + colon]);
    let is_plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    match name.split('/').collect::<Vec<_>>()[..] {
        _ if !is_plain => None,
        [official] => Some(format!("https://hub.docker.com/_/{official}")),
        // a registry has a dot in its name
        [owner, _] if !owner.contains('.') => Some(format!("https://hub.docker.com/r/{name}")),
        _ => None,
    }
}

/// The values that a step inherits by `<<`, or that an alias stands for, where they decide what the step is.
pub fn inherited(file: &Analysis<'_>) -> Vec<Remark> {
    let tree = file.tree;
    let value = |id: NodeId| tree.text(id).filter(|text| !text.is_empty() && !text.contains('\n')).map(str::to_owned);
    let mut found = Vec::new();
    for step in &file.model.steps {
        let fields = tree.fields(step.node);
        let shown = |name: &str, is_merged: bool| {
            let field = fields.iter().find(|field| tree.text(field.key) == Some(name))?;
            let text = value(field.value).filter(|_| !is_merged || field.merged_at.is_some())?;
            Some((field.merged_at, format!("{name}: {text}")))
        };
        let merged: Vec<_> = SHOWN.iter().filter_map(|name| shown(name, true)).collect();
        let mut places: Vec<NodeId> = merged.iter().filter_map(|(at, _)| *at).collect();
        places.dedup();
        for place in places {
            let texts = merged.iter().filter(|(at, _)| *at == Some(place)).map(|(_, text)| text.as_str());
            found.push(Remark { offset: tree.span(place).end, text: texts.collect::<Vec<_>>().join(", ") });
        }
        let whole: Vec<String> = SHOWN.iter().filter_map(|name| Some(shown(name, false)?.1)).collect();
        let anchor = tree.node(step.node).anchor.and_then(|index| tree.anchors().get(index));
        let aliases = anchor.into_iter().flat_map(|anchor| &anchor.uses).filter(|_| !whole.is_empty());
        // an alias after `<<` is a part of another step
        let stands_for_step = |alias: &&NodeId| {
            let parent = tree.node(**alias).parent.map(|parent| &tree.node(parent).kind);
            !matches!(parent, Some(Kind::Mapping(entries))
                if entries.iter().any(|entry| entry.value == **alias && tree.is_merge_key(entry.key)))
        };
        let remark = |alias: &NodeId| Remark { offset: tree.span(*alias).end, text: whole.join(", ") };
        found.extend(aliases.filter(stands_for_step).map(remark));
    }
    found.sort_by_key(|remark| remark.offset);
    found.dedup();
    found
}

/// What each step needs from Bitbucket's settings, at the start of its line.
pub fn needs(file: &Analysis<'_>) -> Vec<Remark> {
    let needed = requirements(file);
    let mut found: Vec<Remark> = Vec::new();
    for step in needed.steps {
        let mut names: Vec<&str> = step.variables.iter().map(|variable| variable.name.as_str()).collect();
        // every tool takes the region from the longer name too
        if names.contains(&"AWS_DEFAULT_REGION") {
            names.retain(|name| *name != "AWS_REGION");
        }
        let Some(line) = file.source.line(step.line).filter(|_| !names.is_empty()) else { continue };
        let environment = step.environment.map(|name| format!(" for {name}")).unwrap_or_default();
        let text = format!("needs {}{environment}", names.join(", "));
        match found.iter_mut().find(|remark| remark.offset == line.start) {
            Some(known) if known.text == text => {}
            // the same step in another environment
            Some(known) => known.text = format!("{}; {text}", known.text),
            None => found.push(Remark { offset: line.start, text }),
        }
    }
    found
}

/// What the trust policies that `keyless.yaml` names make of the token of each step, at the start of its line. Where that depends
/// on what the file does not tell, nothing is said.
pub fn verdicts(file: &Analysis<'_>) -> Vec<Remark> {
    let judged = file.model.steps.iter().zip(&file.access).filter(|(step, _)| step.has_token());
    let remark = |(step, access): (&Step<'_>, &Access)| {
        let line = file.source.line(file.source.position(step.place(file.tree).start).line)?;
        let text = match &access.refusal {
            Some(reason) => format!("the trust policy refuses the token: {reason}"),
            None if access.admitted => "the trust policy accepts the token".to_owned(),
            None if access.lacks_deployment => {
                "the trust policy refuses the token: it requires a deployment environment".to_owned()
            }
            None if access.lacks_listed_address => {
                "the trust policy refuses the token: it requires one of Atlassian's addresses".to_owned()
            }
            None => return None,
        };
        Some(Remark { offset: line.start, text })
    };
    let mut found: Vec<_> = judged.filter_map(remark).collect();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::{
            ParsedFile,
            access::{RoleFile, Roles},
        },
        iam::role,
        settings::Settings,
        text::Source,
    };

    fn with<R>(text: &str, ask: impl FnOnce(&Analysis<'_>) -> R) -> R {
        let (source, settings) = (Source::new("bitbucket-pipelines.yml", text), Settings::default());
        let parsed = ParsedFile::new(&source);
        ask(&Analysis::new(&parsed, &settings))
    }

    const FILE: &str = "\
# Deploys the shop.
# Ask platform before changes.
image: node:22.12
definitions:
  step: &base
    oidc: true
    size: 2x
pipelines:
  default:
    - step: &deploy
        <<: *base
        deployment: production
        script:
          - pipe: atlassian/aws-s3-deploy:2.0.1
            variables: {AWS_OIDC_ROLE_ARN: $ROLE}
          - aws s3 ls $BUCKET  # lists
  custom:
    again:
      - step: *deploy
";

    #[test]
    fn blocks_and_comments_fold() {
        let folds = with(FILE, folds);
        let lines: Vec<_> = folds.iter().map(|fold| (fold.first, fold.last, fold.is_comment)).collect();
        for expected in [(1, 2, true), (4, 7, false), (8, 19, false), (10, 16, false), (13, 16, false)] {
            assert!(lines.contains(&expected), "{expected:?} in {lines:?}");
        }
        assert!(!lines.iter().any(|(first, ..)| *first == 3), "{lines:?}");
        let folds = with(
            "pipelines:\n  default:\n    - step:\n        script:\n          - |\n            a\n            b\n          - c\n",
            super::folds,
        );
        assert!(folds.contains(&Fold { first: 5, last: 7, is_comment: false }), "{folds:?}");
    }

    #[test]
    fn pipes_and_images_have_pages() {
        let found = with(FILE, links);
        let urls: Vec<&str> = found.iter().map(|link| link.url.as_str()).collect();
        assert_eq!(urls, ["https://hub.docker.com/_/node", "https://bitbucket.org/atlassian/aws-s3-deploy"]);
        for (image, page) in [
            ("amazon/aws-cli:2@sha256:0", Some("https://hub.docker.com/r/amazon/aws-cli")),
            ("registry.acme.dev/team/image:1", None),
            ("public.ecr.aws/docker", None),
            ("$IMAGE", None),
            ("", None),
        ] {
            assert_eq!(image_page(image).as_deref(), page, "{image}");
        }
        assert_eq!(pipe_page("docker://acme/pipe:1").as_deref(), Some("https://hub.docker.com/r/acme/pipe"));
        assert_eq!(pipe_page("$PIPE:1"), None);
    }

    #[test]
    fn inherited_values_are_shown_where_the_text_does_not_show_them() {
        let found = with(FILE, inherited);
        let shown: Vec<_> = found.iter().map(|remark| (&FILE[..remark.offset], remark.text.as_str())).collect();
        assert_eq!(shown.len(), 2, "{found:?}");
        assert!(shown[0].0.ends_with("<<: *base") && shown[0].1 == "oidc: true, size: 2x", "{found:?}");
        assert!(shown[1].0.ends_with("- step: *deploy"), "{found:?}");
        assert_eq!(shown[1].1, "deployment: production, oidc: true, size: 2x");
    }

    #[test]
    fn definitions_are_listed() {
        let text = "definitions:\n  services:\n    db: {image: postgres:17}\n  caches:\n    gems: vendor\n  base: &base {oidc: true}\n";
        let found = with(text, definitions);
        let names: Vec<_> =
            found.iter().map(|it| (it.name.as_str(), it.kind, &text[it.extent.start..it.extent.end])).collect();
        let expected = [
            ("db", DefinitionKind::Service, "db: {image: postgres:17}"),
            ("gems", DefinitionKind::Cache, "gems: vendor"),
            ("base", DefinitionKind::Anchor, "&base {oidc: true}"),
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_step_says_what_the_trust_policy_makes_of_its_token() {
        let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub":"{0f4c1f0a-1b2c-4d3e-8f90-a1b2c3d4e5f6}:{11111111-2222-3333-4444-555555555555}:*"}}}]}"#;
        let settings = Settings::default();
        let roles = Roles {
            general: Some(RoleFile { name: "role.json".to_owned(), roles: role::read(policy, None).unwrap() }),
            ..Roles::default()
        };
        let text = "pipelines:\n  branches:\n    main:\n      - step: {oidc: true, script: [aws s3 ls]}\n      - step: {oidc: true, deployment: production, script: [aws s3 ls]}\n";
        let source = Source::new("bitbucket-pipelines.yml", text);
        let parsed = ParsedFile::new(&source);
        let found = verdicts(&Analysis::with_roles(&parsed, &settings, &roles));
        let texts: Vec<_> = found.iter().map(|remark| remark.text.as_str()).collect();
        let expected = [
            "the trust policy refuses the token: it requires a deployment environment",
            "the trust policy accepts the token",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn a_step_says_what_it_needs() {
        let found = with(FILE, needs);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].text.starts_with("needs ") && found[0].text.contains("AWS_DEFAULT_REGION"), "{found:?}");
        assert!(found[0].text.ends_with(" for production"), "{found:?}");
    }
}
