//! Programs that well-known images have or lack.
//!
//! Only images whose Dockerfiles are public and the same for years are listed, and only under the names that their
//! publishers use: a copy in another registry may have more. What a step installs is the caller's question.

/// Where a statement about an image comes from.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The image and variant that it is about: `node, slim variants`.
    pub image: &'static str,
    /// The public Dockerfile or page.
    pub url: &'static str,
}

/// The variant of an image that its tag names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Variant {
    /// Neither of the others: the distribution with its usual tools.
    Full,
    /// `slim`: the distribution alone.
    Slim,
    /// `alpine`: musl and `BusyBox`.
    Alpine,
    /// Not known, as with a digest alone. Only what holds for all of them is certain.
    Any,
}

/// Programs of images of one kind.
struct Row {
    repositories: &'static [&'static str],
    variant: Variant,
    lacks: &'static [&'static [&'static str]],
    has: &'static [&'static str],
    source: Source,
}

/// In none of the images below but their own: clients of clouds and of Docker, and tools that distributions leave out.
const CLIENTS: &[&str] =
    &["aws", "sam", "docker", "docker-compose", "terraform", "kubectl", "helm", "gcloud", "az", "jq", "yq"];

/// Not in `buildpack-deps`, which the full variants of most languages build on. It has git, curl, wget, make, gcc, unzip.
const NOT_IN_BUILDPACK: &[&str] = &["zip", "rsync", "gh", "psql", "lftp", "shellcheck"];

/// Not in Debian's slim images, nor in those of Ubuntu.
const NOT_IN_SLIM: &[&str] = &[
    "zip",
    "unzip",
    "git",
    "curl",
    "wget",
    "rsync",
    "ssh",
    "scp",
    "ssh-keyscan",
    "make",
    "gh",
    "psql",
    "lftp",
    "shellcheck",
];

/// Not in Alpine. `BusyBox` has `wget` and `unzip`.
const NOT_IN_ALPINE: &[&str] =
    &["zip", "git", "rsync", "ssh", "scp", "ssh-keyscan", "bash", "make", "gh", "psql", "lftp"];

/// In no image of Java; what else those have differs.
const JAVA_LACKS: &[&str] = &["aws", "sam", "docker", "terraform", "kubectl", "gcloud", "az", "jq"];

const NODE: &[&str] = &["node", "npm", "npx", "yarn", "pnpm", "bun", "cdk"];
const PYTHON: &[&str] = &["pip", "pip3", "poetry", "uv"];
const JAVA: &[&str] = &["java", "mvn", "gradle"];
const GO: &[&str] = &["go"];
const PHP: &[&str] = &["php", "composer"];
const RUST: &[&str] = &["cargo", "rustc"];

/// One row for each image and variant.
static ROWS: [Row; 26] = {
    use Variant::{Alpine, Any, Full, Slim};
    const fn row(
        repositories: &'static [&'static str],
        variant: Variant,
        lacks: &'static [&'static [&'static str]],
        has: &'static [&'static str],
        image: &'static str,
        url: &'static str,
    ) -> Row {
        Row { repositories, variant, lacks, has, source: Source { image, url } }
    }
    const NODE_URL: &str = "https://github.com/nodejs/docker-node";
    const PYTHON_URL: &str = "https://github.com/docker-library/python";
    const GO_URL: &str = "https://github.com/docker-library/golang";
    const PHP_URL: &str = "https://github.com/docker-library/php";
    const RUBY_URL: &str = "https://github.com/docker-library/ruby";
    const RUST_URL: &str = "https://github.com/rust-lang/docker-rust";
    [
        row(
            &["node"],
            Any,
            &[CLIENTS, PYTHON, JAVA, GO, PHP, RUST, &["cdk"]],
            &["node", "npm", "npx"],
            "node",
            NODE_URL,
        ),
        row(
            &["node"],
            Full,
            &[NOT_IN_BUILDPACK],
            &["git", "curl", "wget", "unzip", "make", "gcc", "ssh"],
            "node, full variants",
            NODE_URL,
        ),
        row(&["node"], Slim, &[NOT_IN_SLIM, &["gcc", "python3"]], &[], "node, slim variants", NODE_URL),
        row(
            &["node"],
            Alpine,
            &[NOT_IN_ALPINE, &["curl", "gcc", "python3"]],
            &["wget"],
            "node, Alpine variants",
            NODE_URL,
        ),
        row(
            &["python"],
            Any,
            &[CLIENTS, NODE, JAVA, GO, PHP, RUST],
            &["python", "python3", "pip"],
            "python",
            PYTHON_URL,
        ),
        row(
            &["python"],
            Full,
            &[NOT_IN_BUILDPACK],
            &["git", "curl", "wget", "unzip", "make", "gcc", "ssh"],
            "python, full variants",
            PYTHON_URL,
        ),
        row(&["python"], Slim, &[NOT_IN_SLIM, &["gcc"]], &[], "python, slim variants", PYTHON_URL),
        row(&["python"], Alpine, &[NOT_IN_ALPINE, &["curl", "gcc"]], &["wget"], "python, Alpine variants", PYTHON_URL),
        row(&["golang"], Any, &[CLIENTS, NODE, PYTHON, JAVA, PHP, RUST], &["go"], "golang", GO_URL),
        row(
            &["golang"],
            Full,
            &[NOT_IN_BUILDPACK],
            &["git", "curl", "wget", "make", "gcc", "ssh"],
            "golang, full variants",
            GO_URL,
        ),
        row(&["golang"], Alpine, &[NOT_IN_ALPINE, &["curl", "gcc"]], &["wget"], "golang, Alpine variants", GO_URL),
        row(&["php"], Any, &[CLIENTS, NODE, PYTHON, JAVA, GO, RUST, &["composer"]], &["php", "curl"], "php", PHP_URL),
        // Built on Debian's slim image, with a compiler for extensions.
        row(
            &["php"],
            Full,
            &[&["git", "zip", "unzip", "wget", "rsync", "ssh", "scp", "ssh-keyscan", "gh", "psql"]],
            &["make", "gcc"],
            "php, Debian variants",
            PHP_URL,
        ),
        row(
            &["php"],
            Alpine,
            &[&["git", "zip", "rsync", "ssh", "scp", "bash", "gh"]],
            &["wget"],
            "php, Alpine variants",
            PHP_URL,
        ),
        row(
            &["ruby"],
            Any,
            &[CLIENTS, PYTHON, JAVA, GO, PHP, RUST, NODE],
            &["ruby", "gem", "bundle"],
            "ruby",
            RUBY_URL,
        ),
        row(&["ruby"], Slim, &[NOT_IN_SLIM, &["gcc"]], &[], "ruby, slim variants", RUBY_URL),
        row(&["ruby"], Alpine, &[NOT_IN_ALPINE, &["curl", "gcc"]], &["wget"], "ruby, Alpine variants", RUBY_URL),
        row(&["rust"], Any, &[CLIENTS, NODE, PYTHON, JAVA, GO, PHP], &["cargo", "rustc"], "rust", RUST_URL),
        row(
            &["alpine"],
            Any,
            &[CLIENTS, NOT_IN_ALPINE, NODE, PYTHON, JAVA, GO, PHP, RUST, &["curl", "gcc", "python3"]],
            &["wget", "unzip"],
            "alpine",
            "https://github.com/alpinelinux/docker-alpine",
        ),
        row(
            &["debian", "ubuntu"],
            Any,
            &[CLIENTS, NOT_IN_SLIM, NODE, PYTHON, JAVA, GO, PHP, RUST, &["gcc", "python3"]],
            &["bash"],
            "debian and ubuntu",
            "https://github.com/debuerreotype/docker-debian-artifacts",
        ),
        row(
            &["maven"],
            Any,
            &[JAVA_LACKS, NODE, GO, PHP, RUST],
            &["java"],
            "maven",
            "https://github.com/carlossg/docker-maven",
        ),
        row(
            &["gradle"],
            Any,
            &[JAVA_LACKS, NODE, GO, PHP, RUST],
            &["java"],
            "gradle",
            "https://github.com/gradle/docker-gradle",
        ),
        row(
            &["eclipse-temurin"],
            Any,
            &[JAVA_LACKS, NODE, GO, PHP, RUST],
            &["java"],
            "eclipse-temurin",
            "https://github.com/adoptium/containers",
        ),
        row(
            &["amazoncorretto"],
            Any,
            &[JAVA_LACKS, NODE, GO, PHP, RUST],
            &["java"],
            "amazoncorretto",
            "https://github.com/corretto/corretto-docker",
        ),
        row(
            &["amazon/aws-cli", "public.ecr.aws/aws-cli/aws-cli"],
            Any,
            &[&["docker", "git", "jq", "zip", "sam", "terraform", "kubectl"], NODE, JAVA, GO, PHP, RUST],
            &["aws"],
            "amazon/aws-cli",
            "https://github.com/aws/aws-cli/blob/v2/docker/Dockerfile",
        ),
        row(
            &["hashicorp/terraform"],
            Any,
            &[
                &["aws", "docker", "jq", "curl", "bash", "zip", "make", "python3", "kubectl", "sam"],
                NODE,
                PYTHON,
                JAVA,
                GO,
                PHP,
                RUST,
            ],
            &["terraform", "git", "ssh"],
            "hashicorp/terraform",
            "https://github.com/hashicorp/terraform/blob/main/Dockerfile",
        ),
    ]
};

/// Prefixes under which Docker's official images are the same.
const OFFICIAL: [&str; 5] =
    ["docker.io/library/", "index.docker.io/library/", "public.ecr.aws/docker/library/", "docker.io/", "library/"];

/// What is known about the programs of an image.
pub struct Programs {
    rows: Vec<&'static Row>,
}

impl Programs {
    /// The programs of the image with this name and tag; nothing is known about those of most images.
    pub fn of(image: &str) -> Self {
        Self { rows: rows(image) }
    }

    /// The source that says that the image does not have a program; `None` where it may have it.
    pub fn certainly_lack(&self, program: &str) -> Option<&'static Source> {
        let lacks = |row: &&&Row| row.lacks.iter().any(|programs| programs.contains(&program));
        self.rows.iter().find(lacks).map(|row| &row.source)
    }

    /// The source that says that the image has a program; `None` where it may lack it.
    pub fn certainly_have(&self, program: &str) -> Option<&'static Source> {
        self.rows.iter().find(|row| row.has.contains(&program)).map(|row| &row.source)
    }
}

fn rows(image: &str) -> Vec<&'static Row> {
    let image = image.trim();
    let (name, digest) = image.split_once('@').map_or((image, false), |(name, _)| (name, true));
    let (name, tag) = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (name, None),
    };
    let name = OFFICIAL.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
    let variant = match tag {
        // What a variable holds may name any variant, or another image.
        Some(tag) if tag.contains('$') => None,
        // `nanoserver` and `windowsservercore` are other systems.
        Some(tag) if tag.contains("server") => None,
        Some(tag) if tag.contains("alpine") => Some(Variant::Alpine),
        Some(tag) if tag.contains("slim") => Some(Variant::Slim),
        None if digest => Some(Variant::Any),
        // Next to a digest the tag does not decide, but it names what was meant.
        Some(_) | None => Some(Variant::Full),
    };
    let fits = move |row: &&Row| {
        variant.is_some_and(|variant| {
            row.repositories.contains(&name) && (row.variant == Variant::Any || row.variant == variant)
        })
    };
    ROWS.iter().filter(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_differ() {
        let mut wrong = Vec::new();
        for (image, program, expected) in [
            ("node:22.12", "aws", "lacks"),
            ("node:22.12", "docker", "lacks"),
            ("node:22.12", "zip", "lacks"),
            ("node:22.12", "git", "has"),
            ("node:22.12-bookworm", "curl", "has"),
            ("node", "unzip", "has"),
            ("node:22.12-slim", "git", "lacks"),
            ("node:22-bookworm-slim", "unzip", "lacks"),
            ("node:22-alpine3.20", "unzip", "-"),
            ("node:22-alpine3.20", "bash", "lacks"),
            ("node:22.12", "python3", "-"),
            ("node@sha256:ab", "aws", "lacks"),
            ("node@sha256:ab", "git", "-"),
            ("node:22-slim@sha256:ab", "git", "lacks"),
            ("node:$VERSION", "aws", "-"),
            ("docker.io/library/node:22", "aws", "lacks"),
            ("public.ecr.aws/docker/library/python:3.12-slim", "zip", "lacks"),
            ("registry.example/node:22", "aws", "-"),
            ("acme/node:22", "aws", "-"),
            ("python:3.12-slim", "zip", "lacks"),
            ("python:3.12-slim", "pip", "has"),
            ("python:3.12-windowsservercore", "zip", "-"),
            ("php:8.3", "unzip", "lacks"),
            ("php:8.3-alpine", "unzip", "-"),
            ("golang:1.23", "git", "has"),
            ("golang:1.23-alpine", "git", "lacks"),
            ("amazon/aws-cli:2.15.0", "aws", "has"),
            ("amazon/aws-cli", "docker", "lacks"),
            ("hashicorp/terraform:1.9", "aws", "lacks"),
            ("hashicorp/terraform:1.9", "git", "has"),
            ("ubuntu:24.04", "curl", "lacks"),
            ("atlassian/default-image:4", "aws", "-"),
            ("localhost:5000/node", "aws", "-"),
            ("", "aws", "-"),
        ] {
            let programs = Programs::of(image);
            let found = match (programs.certainly_lack(program), programs.certainly_have(program)) {
                (Some(_), None) => "lacks",
                (None, Some(_)) => "has",
                (None, None) => "-",
                (Some(_), Some(_)) => "both",
            };
            if found != expected {
                wrong.push(format!("{image} {program}: {found}, not {expected}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn no_image_has_and_lacks_a_program() {
        for row in &ROWS {
            for repository in row.repositories {
                for tag in ["1", "1-slim", "1-alpine"] {
                    let image = format!("{repository}:{tag}");
                    let programs = Programs::of(&image);
                    for program in row.has {
                        let both = programs.certainly_have(program).and(programs.certainly_lack(program));
                        assert_eq!(both, None, "{image} {program}");
                    }
                }
            }
        }
    }
}
