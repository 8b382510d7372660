//! What a pipeline's steps pass to each other, and what they miss.

use std::collections::{HashMap, HashSet};

use super::Analysis;
use crate::{
    facts::files::{Made, Needed, Resource},
    pipeline::{Definitions, Download, Pipeline, Step, glob},
    yaml::{NodeId, Tree},
};

/// How many patterns of artifacts are compared with each path. With more, every path counts as passed on, so that the time
/// does not grow with the product of both.
const MOST_PATTERNS: usize = 200;

/// Something that a step needs, that another step of the pipeline has made, and that does not reach it.
pub(crate) struct Unshared<'s, 'f> {
    /// The step that needs it.
    pub step: &'s Step<'f>,
    /// What it needs.
    pub needed: &'s Needed,
    /// What the other step made.
    pub made: &'s Made,
    /// Why it does not arrive.
    pub reason: Reason,
}

/// Why something does not reach a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// No artifact or cache contains it.
    NotPassed,
    /// An artifact contains it that only its own step can use.
    Scoped,
    /// The step downloads no artifacts: the node of `download: false`.
    NotDownloaded(NodeId),
    /// The other step runs at the same time.
    Sibling,
}

/// What the steps before a turn of a pipeline have made and passed on.
#[derive(Default)]
struct Passed<'s> {
    made: HashMap<&'s Resource, &'s Made>,
    patterns: Patterns<'s>,
    scoped: Patterns<'s>,
}

/// Patterns of artifacts.
#[derive(Default)]
struct Patterns<'s> {
    seen: HashSet<&'s str>,
    /// Those that are not plain paths.
    globs: Vec<&'s str>,
}

impl<'s> Patterns<'s> {
    fn add(&mut self, pattern: &'s str) {
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        if self.seen.insert(pattern) {
            self.globs.push(pattern);
        }
    }

    /// Whether one of them may contain a file or a part of a folder.
    fn may_contain(&self, path: &str) -> bool {
        if self.globs.len() > MOST_PATTERNS || self.seen.contains(path) {
            return true;
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        // The value of a variable is unknown to a pattern that is not literal.
        let varies = path.contains('$');
        self.globs.iter().any(|pattern| {
            let related = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.starts_with('/'));
            related(pattern, path)
                || related(path, pattern)
                || varies && pattern.contains(['*', '?', '{', '$'])
                || glob::matches(pattern, path)
                || glob::matches(pattern, name)
                || glob::matches(pattern, &format!("{path}/x"))
        })
    }
}

impl<'f> Analysis<'f> {
    /// Calls `visit` for everything that a step needs and that another step of the same pipeline has made without passing
    /// it on.
    ///
    /// Steps on self-hosted runners are left out, because runners keep files and images.
    pub(crate) fn each_unshared(&self, visit: &mut dyn FnMut(Unshared<'_, 'f>)) {
        for pipeline in &self.model.pipelines {
            self.unshared_in(pipeline, visit);
        }
    }

    fn unshared_in(&self, pipeline: &Pipeline<'f>, visit: &mut dyn FnMut(Unshared<'_, 'f>)) {
        let mut passed = Passed::default();
        for turn in pipeline.turns() {
            let steps: Vec<&Step<'f>> = turn.iter().map(|id| self.model.step(*id)).collect();
            // A child pipeline may pass on anything.
            if steps.iter().any(|step| step.is_child_pipeline) {
                return;
            }
            let own: HashMap<&Resource, (&Made, &Step<'f>)> = if steps.len() > 1 {
                let made =
                    steps.iter().flat_map(|step| self.made(step).map(move |made| (&made.resource, (made, *step))));
                made.filter(|(_, (made, _))| made.certain).collect()
            } else {
                HashMap::new()
            };
            for step in &steps {
                let Some(facts) = self.facts.of(step.id).filter(|_| !self.model.on_self_hosted_runner(step)) else {
                    continue;
                };
                for needed in &facts.needed {
                    let earlier = find(&needed.resource, |key| passed.made.get(key).copied(), |made| made);
                    let sibling = || {
                        let found = find(&needed.resource, |key| own.get(key).copied(), |found| found.0);
                        found.filter(|(_, by)| by.id != step.id).map(|(made, _)| made)
                    };
                    let found = match earlier {
                        Some(made) => self.reason(step, needed, &passed).map(|reason| (made, reason)),
                        None => sibling().map(|made| (made, Reason::Sibling)),
                    };
                    if let Some((made, reason)) = found {
                        visit(Unshared { step, needed, made, reason });
                    }
                }
            }
            for step in steps {
                for made in self.made(step) {
                    passed.made.entry(&made.resource).or_insert(made);
                }
                let own = step.artifacts.uploads.iter().filter(|upload| !upload.is_shared());
                let scoped: HashSet<NodeId> = own.flat_map(|upload| &upload.paths).map(|path| path.node).collect();
                for path in &step.artifacts.paths {
                    let patterns = if scoped.contains(&path.node) { &mut passed.scoped } else { &mut passed.patterns };
                    patterns.add(path.value);
                }
            }
        }
    }

    fn made(&self, step: &Step<'f>) -> impl Iterator<Item = &Made> {
        let facts = self.facts.of(step.id).filter(|_| !self.model.on_self_hosted_runner(step));
        facts.into_iter().flat_map(|facts| &facts.made)
    }

    /// Why something that earlier steps have made does not reach a step; `None` if it does, or may.
    fn reason(&self, step: &Step<'f>, needed: &Needed, passed: &Passed<'_>) -> Option<Reason> {
        let path = match &needed.resource {
            Resource::File(path) => path,
            Resource::Image(name) => {
                // It may have been pushed to the registry that a pipe or a program pulls it from.
                let cached = step.caches.iter().any(|cache| cache.value == "docker");
                return (!cached && !passed.made.contains_key(&Resource::Pushed(name.clone())))
                    .then_some(Reason::NotPassed);
            }
            Resource::AnyFolder(_) | Resource::Pushed(_) => return None,
        };
        let written = path.in_clone().or(path.written())?;
        let cached =
            step.caches.iter().filter_map(|cache| cache_folder(cache.value, &self.model.definitions, self.tree));
        if cached.into_iter().any(|folder| overlaps(folder.trim_start_matches("./"), written)) {
            return None;
        }
        let uploaded = path.in_clone().is_some() && passed.patterns.may_contain(written);
        match &step.artifacts.download {
            Download::Nothing(node) if uploaded => Some(Reason::NotDownloaded(*node)),
            _ if uploaded => None,
            _ if path.in_clone().is_some() && passed.scoped.may_contain(written) => Some(Reason::Scoped),
            _ => Some(Reason::NotPassed),
        }
    }
}

/// Looks up something that is needed: the file, a folder around it, or a folder of a well-known name.
fn find<'m, T: Copy>(
    needed: &Resource,
    look_up: impl Fn(&Resource) -> Option<T>,
    made: impl Fn(T) -> &'m Made,
) -> Option<T> {
    let Resource::File(path) = needed else { return look_up(needed) };
    let around = path.ancestors().skip(1).find_map(|ancestor| {
        // What is next to a file that was made may be in the repository.
        look_up(&Resource::File(ancestor)).filter(|found| made(*found).folder)
    });
    look_up(needed).or(around).or_else(|| {
        let names = ["target", "build/libs", "build/distributions", "build/outputs"];
        names.into_iter().filter(|name| path.has_folder(name)).find_map(|name| look_up(&Resource::AnyFolder(name)))
    })
}

/// The folder of a cache, as written.
fn cache_folder<'t>(name: &str, definitions: &Definitions<'t>, tree: &'t Tree) -> Option<&'t str> {
    let own = definitions.caches.iter().find(|cache| cache.name.value == name).map(|cache| {
        tree.text(cache.node).or_else(|| tree.field(cache.node, "path").and_then(|field| tree.text(field.value)))
    });
    match own {
        Some(folder) => folder,
        None if name == "node" => Some("node_modules"),
        None => None,
    }
}

fn overlaps(a: &str, b: &str) -> bool {
    let within = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    let (a, b) = (a.trim_end_matches('/'), b.trim_end_matches('/'));
    a == b || within(a, b) || within(b, a)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use crate::{
        analysis::{Analysis, ParsedFile},
        growth::assert_linear,
        settings::Settings,
        text::Source,
    };

    fn unshared(text: &str) -> usize {
        let source = Source::new("bitbucket-pipelines.yml", text);
        let parsed = ParsedFile::new(&source);
        let mut found = 0;
        Analysis::new(&parsed, &Settings::default()).each_unshared(&mut |_| found += 1);
        found
    }

    #[test]
    fn artifacts_caches_and_images_reach_other_steps() {
        let mut wrong = Vec::new();
        for (makes, passes, needs, expected) in [
            ("npm run build", "[]", "aws s3 sync dist s3://x", 1),
            ("npm run build", "[dist/**]", "aws s3 sync dist s3://x", 0),
            ("npm run build", "[dist]", "aws s3 sync dist s3://x", 0),
            ("npm run build", "['**/*.js']", "aws s3 sync dist s3://x", 1),
            ("npm run build", "['**']", "aws s3 sync dist s3://x", 0),
            ("npm run build", "[]", "npm run build && aws s3 sync dist s3://x", 0),
            ("npm run build", "[]", "./prepare.sh && aws s3 sync dist s3://x", 0),
            ("npm run lint", "[]", "aws s3 sync dist s3://x", 0),
            ("npm --prefix web run build", "[]", "aws s3 sync web/dist s3://x", 1),
            ("gradle assemble", "[]", "scp app/build/libs/app.jar x:", 1),
            ("./gradlew :app:bootJar", "[]", "java -jar app/build/libs/app.jar", 1),
            ("gradle assemble", "['app/build/libs/*.jar']", "scp app/build/libs/app.jar x:", 0),
            ("tar -cf x.tar src", "[]", "tar -xf x.tar", 1),
            ("tar czf x.tgz src", "['*.tgz']", "tar xzf x.tgz", 0),
            ("zip -r x.zip src -x 'src/test/*'", "[]", "unzip x.zip", 1),
            ("docker save app:1 | gzip > app.tgz", "[]", "docker load -i app.tgz", 1),
            ("docker save app:1 -o app.tar", "[]", "docker load < app.tar", 1),
            ("docker image save --output=app.tar app:1", "[]", "docker image load --input=app.tar", 1),
            ("podman save app:1 > app.tar", "[]", "podman load -i app.tar", 1),
            ("docker save app:1 | gzip > app.tgz", "[]", "gunzip -c app.tgz | docker load", 1),
            ("docker save app:1 | gzip > app.tgz", "[]", "zcat app.tgz | docker load", 1),
            ("docker save app:1 -o app.tar && gzip app.tar", "[]", "gzip -d app.tar.gz && docker load -i app.tar", 1),
            ("docker save app:1 -o out/app.tar", "[]", "docker load -i out/app.tar", 1),
            ("docker save app:1 -o out/app.tar", "['out/**']", "docker load -i out/app.tar", 0),
            ("docker buildx build -o type=docker,dest=app.tar .", "[]", "docker load -i app.tar", 1),
            ("docker cp app:/srv/dist dist", "[]", "aws s3 sync dist s3://x", 1),
            ("git archive --output=src.zip HEAD", "[]", "unzip src.zip", 1),
            ("git describe > version.txt", "[]", "sed -i s/x/$BITBUCKET_TAG/ version.txt", 1),
            ("aws s3api list-buckets > b.json", "[]", "jq -r .Buckets b.json", 1),
            ("printenv > run.env", "[]", "docker run --env-file run.env app", 1),
            ("go test -coverprofile=cover.out ./...", "[]", "ls cover.out", 1),
            ("pip install -r requirements.txt -t package", "[]", "zip -r f.zip package", 1),
            ("docker build -t app .", "[]", "docker push app", 1),
            ("docker build -t app .", "[]", "docker compose pull && docker push app", 0),
            ("docker build -t app:$BITBUCKET_COMMIT .", "[]", "docker push app:$BITBUCKET_TAG", 0),
            ("curl -sSLo tool https://example.com/tool", "[]", "chmod +x tool", 1),
            ("wget -O tool https://example.com/tool", "[]", "chmod +x tool", 1),
            ("echo a > a.txt", "[]", "cat a.txt", 1),
            ("echo a > a.txt", "[]", "[ -f a.txt ] && cat a.txt", 0),
            ("echo a > a.txt", "[]", "cat a.txt || true", 0),
            ("echo a > a.txt", "[]", "cat a.txt || exit 1", 1),
            ("git describe > VERSION", "[]", "VERSION=$(cat VERSION 2> /dev/null || echo 1)", 0),
            ("git describe > VERSION", "[]", "export VERSION=$(cat VERSION)", 1),
            ("docker build -t app .", "[]", "docker run --rm other && docker push app", 1),
            ("echo a > a.txt", "[]", "curl -o a.txt https://example.com/a && cat a.txt", 0),
            ("echo a >> a.txt", "[]", "cat a.txt", 0),
            ("cd out && echo a > a.txt", "[]", "cat a.txt", 0),
            ("cd out && echo a > a.txt", "[]", "cat out/a.txt", 1),
            ("(cd out && echo a > b.txt); echo a > a.txt", "[]", "cat b.txt", 0),
            ("cp src/a.txt a.txt", "[]", "curl -F file=@a.txt https://example.com", 1),
            ("sam build", "[]", "ls .aws-sam", 1),
            ("sam package --output-template-file packaged.yaml", "[]", "sam deploy --template-file packaged.yaml", 1),
            (
                "aws cloudformation package --template-file t.yml --output-template-file o.yml",
                "[]",
                "aws cloudformation deploy --stack-name x --template-file o.yml",
                1,
            ),
            ("helm template x > all.yml", "[]", "kubectl apply -f all.yml", 1),
            ("python -m build", "[]", "twine upload dist/*", 1),
            ("python -m build", "['dist/*']", "twine upload dist/*", 0),
            ("cp a.conf conf/", "[]", "cat conf/b.conf", 0),
            ("cp a.conf conf/", "[]", "cat conf/a.conf", 1),
            ("mkdir -p conf && echo x > conf/x", "[]", "cat conf/b.conf", 0),
            ("mkdir out", "[]", "cd out", 1),
            ("npm run build", "[]", "ls -la dist && aws s3 sync dist s3://x", 2),
            ("npm ci", "[]", "npm test", 1),
            ("npm ci", "[]", "npm run lint", 1),
            ("npm ci", "[]", "npm ci && npm test", 0),
            ("npm --prefix web ci", "[]", "npm test", 0),
            ("npm --prefix web ci", "[]", "npm --prefix web test", 1),
            ("npm ci", "[node_modules/**]", "npm test", 0),
            ("npm ci", "[]", "npm run deploy", 0),
            ("composer install", "[]", "vendor/bin/phpunit", 1),
            ("sam build", "[]", "sam deploy", 1),
            ("sam build", "[]", "sam build && sam deploy", 0),
            ("terraform plan -out=x", "[]", "keyless exec -- terraform apply x", 1),
            ("cdk synth --output synthesized", "[]", "cdk deploy --app synthesized", 1),
            ("cdk synth", "[]", "cdk deploy --app 'node app.js'", 0),
            ("terraform init", "[]", "terraform plan", 1),
            ("terraform init", "[]", "make init && terraform plan", 0),
            ("terraform init", "[]", "terraform fmt", 0),
            ("terraform -chdir=a init", "[]", "terraform -chdir=b plan", 0),
            ("terraform init", "[]", "TF_LOG=info terraform init && terraform plan", 0),
        ] {
            let text = format!(
                "pipelines:\n  default:\n    - step:\n        script: [{}]\n        artifacts: {passes}\n    - step:\n        \
                 script: [{}]\n",
                serde_json::to_string(makes).unwrap(),
                serde_json::to_string(needs).unwrap(),
            );
            let found = unshared(&text);
            if found != expected {
                wrong.push(format!("{makes} → {needs}, {passes}: {found}, not {expected}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn time_is_linear_in_steps_and_artifacts() {
        // Comparing every path with every pattern would take minutes.
        assert_linear("steps with artifacts", 1_250, |steps| {
            let mut text = String::from("pipelines:\n  default:\n");
            for step in 0..steps {
                let _ = write!(
                    text,
                    "    - step:\n        script:\n          - tar cf {step}.tar src\n          - scp {}.tar \
                     host:/srv\n        artifacts: ['{step}/**', '*.{step}']\n",
                    step / 2
                );
            }
            assert!(unshared(&text) > 50);
        });
    }
}
