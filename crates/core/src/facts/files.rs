//! What a step makes for itself or for later steps, and what it needs: files, folders, Docker images.
//!
//! Every step has a fresh clone, a fresh container and a fresh Docker daemon, so what one step makes reaches another only
//! as an artifact or in a cache
//! (<https://support.atlassian.com/bitbucket-cloud/docs/use-artifacts-in-steps>).

use std::fmt;

use super::{Order, Path};
use crate::text::Span;

/// Something that a step makes or needs, and that the repository does not contain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// A file or a folder.
    File(Path),
    /// A folder of this name, wherever it is in the clone.
    AnyFolder(&'static str),
    /// An image of the step's Docker daemon, as `name:tag`, or only its name.
    Image(String),
    /// An image that was pushed to a registry.
    Pushed(String),
}

/// Something that a step makes.
#[derive(Clone, Debug)]
pub struct Made {
    /// What it is.
    pub resource: Resource,
    /// Whether the command certainly makes it. `npm run build` usually makes `dist`, or `build`.
    pub certain: bool,
    /// Whether it is a folder whose content is made, so that everything in it comes from the command.
    pub folder: bool,
    /// The command.
    pub span: Span,
    /// When.
    pub order: Order,
}

/// Something that a step needs and has not made itself.
#[derive(Clone, Debug)]
pub struct Needed {
    /// What it is.
    pub resource: Resource,
    /// Whether the command certainly needs it; otherwise it is an argument of a program that keyless does not know.
    pub certain: bool,
    /// The argument.
    pub span: Span,
    /// When.
    pub order: Order,
}

/// A run of Terraform, `OpenTofu` or Terragrunt that shows or makes changes.
#[derive(Clone, Debug)]
pub struct TerraformRun {
    /// Whether it is `apply`; otherwise `plan`.
    pub applies: bool,
    /// Whether a saved plan is applied, or the plan is saved.
    pub saved: bool,
    /// The directory and the variable files, which have to be the same for the same plan.
    pub configuration: Option<(Path, Vec<String>)>,
    /// The command.
    pub span: Span,
    /// When.
    pub order: Order,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(path.in_clone().or(path.written()).unwrap_or_default()),
            Self::AnyFolder(name) => f.write_str(name),
            Self::Image(name) | Self::Pushed(name) => f.write_str(name.strip_suffix(":latest").unwrap_or(name)),
        }
    }
}

/// The name and tag of an image as Docker completes them, and its name alone.
pub fn image_names(written: &str) -> (String, String) {
    let name = written.strip_prefix("docker.io/").unwrap_or(written);
    let name = name.strip_prefix("library/").unwrap_or(name);
    let start = name.rfind('/').map_or(0, |slash| slash + 1);
    // The `:` of `${NAME:-default}` is not in an evaluated value.
    match name[start..].find(':') {
        Some(at) => (name.to_owned(), name[..start + at].to_owned()),
        None => (format!("{name}:latest"), name.to_owned()),
    }
}

/// The arguments of a program that are files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The first argument that is not an option, after the subcommand.
    First,
    /// All of them.
    All,
    /// All but the first.
    AllButFirst,
    /// All but the last.
    AllButLast,
    /// The last.
    Last,
    /// The value of an option.
    Option(&'static str),
    /// The value of an option if it begins with `@`, also after `name=`.
    AtFile(&'static str),
    /// A file or folder that the program makes in its directory.
    Fixed(&'static str),
    /// A folder that it makes in the clone, wherever the project is.
    Anywhere(&'static str),
    /// A folder that it usually makes.
    Usual(&'static str),
}

use Place::{All, AllButFirst, AllButLast, Anywhere, AtFile, First, Fixed, Last, Option as Value, Usual};

/// A program that makes or needs files.
pub(super) struct FileProgram {
    pub(super) programs: &'static [&'static str],
    /// The first arguments that are not options: one of these. Empty for any.
    pub(super) subcommands: &'static [&'static str],
    /// Options with which the row does not apply.
    pub(super) unless: &'static [&'static str],
    pub(super) needs: &'static [Place],
    pub(super) makes: &'static [Place],
    /// What else it may do to the files of the clone.
    pub(super) then: Then,
}

/// Whether a program may create unknown files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Nothing,
    Anything,
}

const fn row(
    programs: &'static [&'static str],
    subcommands: &'static [&'static str],
    needs: &'static [Place],
    makes: &'static [Place],
    then: Then,
) -> FileProgram {
    FileProgram { programs, subcommands, unless: &["--help"], needs, makes, then }
}

/// The start of the names of package scripts that build.
pub(super) const BUILD_SCRIPTS: [&str; 6] = ["build", "bundle", "compile", "dist", "export", "generate"];

/// What package scripts that build usually make.
pub(super) const BUILD_FOLDERS: [&str; 6] = ["dist", "build", "out", ".next", ".output", "www"];

/// Options whose value is the next argument, by program.
pub(super) static VALUED: &[(&[&str], &[&str])] = &[
    (&["scp"], &["-i", "-P", "-o", "-F", "-c", "-J", "-l", "-S"]),
    (
        &["rsync"],
        &[
            "-e",
            "--rsh",
            "--exclude",
            "--include",
            "--filter",
            "-f",
            "--exclude-from",
            "--files-from",
            "--password-file",
            "--chmod",
            "--timeout",
            "--port",
        ],
    ),
    (&["head", "tail"], &["-n", "-c"]),
    (&["grep"], &["-e", "-f", "-A", "-B", "-C", "-m"]),
    (&["mkdir"], &["-m", "--mode"]),
    (&["cp", "mv", "install"], &["-t", "-m", "-o", "-g"]),
    (&["zip"], &["-b", "-P", "-n", "-t"]),
    (&["bash", "sh", "dash", "zsh"], &["-o", "-O"]),
    (&["python", "python3"], &["-W", "-X"]),
    (
        &["aws"],
        &[
            "--acl",
            "--exclude",
            "--include",
            "--cache-control",
            "--content-type",
            "--region",
            "--profile",
            "--metadata",
            "--metadata-directive",
            "--storage-class",
            "--endpoint-url",
            "--output",
            "--query",
        ],
    ),
    (
        &["kubectl", "oc", "helm"],
        &[
            "-n",
            "--namespace",
            "-f",
            "--filename",
            "--values",
            "--set",
            "--set-string",
            "--version",
            "--kubeconfig",
            "--context",
            "--kube-context",
            "--timeout",
        ],
    ),
    (&["gh"], &["-t", "--title", "-n", "--notes", "-R", "--repo", "-F", "--notes-file", "--target"]),
    (
        &["twine"],
        &["-r", "--repository", "-u", "--username", "-p", "--password", "--repository-url", "--config-file", "-i"],
    ),
    (&["gcloud", "gsutil"], &["-h", "--project"]),
    (&["wrangler"], &["--project-name", "--branch"]),
    (
        &["npm", "yarn", "pnpm", "bun"],
        &["--prefix", "--cwd", "-C", "--dir", "--filter", "-w", "--workspace", "-F", "--tag", "--access", "--registry"],
    ),
    (&["mvn", "mvnw"], &["-P", "-pl", "-f", "-s", "-T", "--settings"]),
    (&["gradle", "gradlew"], &["-p", "-b", "-x", "--exclude-task"]),
    (&["docker", "podman"], &["-o", "--output", "-i", "--input", "--platform", "-t", "--tag", "-f", "--file"]),
    (
        &["terraform", "tofu", "terragrunt"],
        &["-var", "-var-file", "-target", "-replace", "-backend-config", "-state", "-out"],
    ),
    (&["surge"], &["-d", "--domain", "-p", "--project"]),
    (&["sphinx-build"], &["-b", "-D", "-d", "-c"]),
    (&["jq", "yq"], &["--arg", "--argjson", "--indent", "-f", "--from-file", "-o", "--output-format", "-p"]),
    (&["sed"], &["-e", "-f", "--expression", "--file"]),
    (&["awk", "gawk"], &["-F", "-v", "-f"]),
    (&["sort"], &["-k", "-t", "-o", "-S", "-T"]),
    (&["cut"], &["-d", "-f", "-c", "-b"]),
    (&["base64"], &["-w"]),
];

/// Programs that make or need files, by their documentation. The first row that fits applies.
pub(super) static PROGRAMS: &[FileProgram] = {
    use Then::{Anything, Nothing};
    &[
        row(&["scp", "rsync", "gsutil", "azcopy", "rclone"], &[], &[AllButLast], &[], Nothing),
        row(
            &["cat", "head", "tail", "wc", "sha256sum", "sha512sum", "sha1sum", "md5sum", "file", "stat", "less"],
            &[],
            &[All],
            &[],
            Nothing,
        ),
        row(&["chmod", "chown", "grep", "egrep", "jq", "yq", "sed", "awk", "gawk"], &[], &[AllButFirst], &[], Nothing),
        row(&["sort", "cut", "base64", "diff", "cmp", "xmllint"], &[], &[All], &[], Nothing),
        row(&["zcat", "gzcat", "bzcat", "xzcat", "zstdcat", "lz4cat", "zgrep"], &[], &[All], &[], Nothing),
        row(&["source", "."], &[], &[First], &[], Nothing),
        row(&["install", "ln"], &[], &[AllButLast], &[Last], Nothing),
        row(&["cd", "pushd", "ls"], &[], &[First], &[], Nothing),
        row(&["zip"], &[], &[AllButFirst], &[First], Nothing),
        row(&["unzip"], &[], &[First], &[], Anything),
        row(&["7z", "7za"], &["a"], &[AllButFirst], &[First], Nothing),
        row(&["7z", "7za"], &["x", "e"], &[First], &[], Anything),
        row(&["bash", "sh", "dash", "zsh"], &[], &[First], &[], Anything),
        FileProgram {
            programs: &["python", "python3"],
            subcommands: &["venv", "virtualenv"],
            unless: &["-c"],
            needs: &[],
            makes: &[Last],
            then: Nothing,
        },
        row(&["virtualenv"], &[], &[], &[Last], Nothing),
        FileProgram {
            programs: &["python", "python3"],
            subcommands: &["build", "setup.py sdist", "setup.py bdist_wheel"],
            unless: &["-c"],
            needs: &[],
            makes: &[Fixed("dist")],
            then: Nothing,
        },
        FileProgram {
            programs: &["python", "python3", "node", "ruby", "perl", "php"],
            subcommands: &[],
            unless: &["-c", "-e", "-m", "-r", "-p", "-S"],
            needs: &[First],
            makes: &[],
            then: Anything,
        },
        row(&["poetry", "uv", "hatch", "flit"], &["build"], &[], &[Fixed("dist")], Nothing),
        FileProgram {
            programs: &["poetry", "uv", "hatch"],
            subcommands: &["publish"],
            unless: &["--build", "--help"],
            needs: &[Fixed("dist")],
            makes: &[],
            then: Nothing,
        },
        row(&["twine"], &["upload", "check"], &[All], &[], Nothing),
        row(&["java"], &[], &[Value("-jar")], &[], Anything),
        row(&["mvn", "mvnw"], &["package", "install", "verify", "deploy"], &[], &[Anywhere("target")], Nothing),
        row(&["mvn", "mvnw"], &["clean"], &[], &[Anywhere("target")], Anything),
        row(
            &["gradle", "gradlew"],
            &[
                "build",
                "assemble",
                "bootJar",
                "shadowJar",
                "jar",
                "war",
                "distZip",
                "assembleRelease",
                "assembleDebug",
                "bundleRelease",
            ],
            &[],
            &[Anywhere("build/libs"), Anywhere("build/distributions"), Anywhere("build/outputs")],
            Nothing,
        ),
        row(&["gradle", "gradlew"], &["clean"], &[], &[Anywhere("build/libs"), Anywhere("build/outputs")], Anything),
        row(&["pyinstaller"], &[], &[], &[Fixed("dist")], Anything),
        row(&["pip", "pip3"], &["wheel"], &[], &[Value("-w"), Value("--wheel-dir")], Nothing),
        row(&["pip", "pip3"], &["download"], &[], &[Value("-d"), Value("--dest")], Nothing),
        row(
            &["pip", "pip3"],
            &["install"],
            &[Value("-r"), Value("--requirement")],
            &[Value("-t"), Value("--target")],
            Nothing,
        ),
        row(&["pytest"], &[], &[], &[Value("--junitxml"), Value("--junit-xml"), Value("--html")], Anything),
        row(&["coverage"], &["html"], &[], &[Value("-d"), Value("--directory"), Usual("htmlcov")], Nothing),
        row(&["coverage"], &["xml", "json", "lcov"], &[], &[Value("-o")], Nothing),
        row(&["go"], &["build"], &[], &[Value("-o")], Nothing),
        row(&["go"], &["test"], &[], &[Value("-coverprofile"), Value("-o")], Anything),
        row(&["cmake"], &[], &[Value("--build"), Value("--install")], &[Value("-B")], Anything),
        row(&["ctest"], &[], &[Value("--test-dir")], &[], Anything),
        row(&["sbt"], &["package", "assembly", "dist", "universal:packageBin"], &[], &[Anywhere("target")], Nothing),
        row(&["cargo"], &["build"], &[], &[Fixed("target")], Nothing),
        row(&["dotnet"], &["publish", "build"], &[], &[Value("-o"), Value("--output")], Nothing),
        row(&["aws"], &["s3 cp", "s3 sync", "s3 mv"], &[First], &[], Nothing),
        row(&["aws"], &["cloudformation"], &[Value("--template-file")], &[Value("--output-template-file")], Nothing),
        row(&["aws"], &["s3api get-object"], &[], &[], Anything),
        row(&["sam"], &["build"], &[], &[Fixed(".aws-sam")], Nothing),
        FileProgram {
            programs: &["sam"],
            subcommands: &["deploy", "package"],
            unless: &["--template-file", "--template", "-t", "--help"],
            needs: &[Fixed(".aws-sam")],
            makes: &[Value("--output-template-file")],
            then: Nothing,
        },
        row(&["cdk"], &["synth", "synthesize"], &[], &[Value("-o"), Value("--output")], Nothing),
        row(&["cdk"], &["deploy", "diff"], &[Value("-a"), Value("--app")], &[], Nothing),
        row(
            &["sam"],
            &["package", "deploy"],
            &[Value("--template-file"), Value("--template"), Value("-t")],
            &[Value("--output-template-file")],
            Nothing,
        ),
        row(
            &["serverless", "sls"],
            &["package"],
            &[],
            &[Value("--package"), Value("-p"), Fixed(".serverless")],
            Nothing,
        ),
        row(&["serverless", "sls"], &["deploy"], &[Value("--package"), Value("-p")], &[], Nothing),
        row(
            &["kubectl", "oc"],
            &["apply", "create", "replace", "delete"],
            &[Value("-f"), Value("--filename")],
            &[],
            Nothing,
        ),
        row(&["helm"], &["upgrade", "install"], &[AllButFirst, Value("-f"), Value("--values")], &[], Nothing),
        row(&["helm"], &["push"], &[First], &[], Nothing),
        row(&["helm"], &["package"], &[], &[Value("-d"), Value("--destination")], Anything),
        row(&["helm"], &["template"], &[Value("-f"), Value("--values")], &[Value("--output-dir")], Nothing),
        row(&["kustomize"], &["build"], &[First], &[Value("-o"), Value("--output")], Nothing),
        row(
            &["trivy", "grype", "syft"],
            &["image", "docker-archive"],
            &[Value("--input")],
            &[Value("-o"), Value("--output")],
            Nothing,
        ),
        row(&["codecov"], &[], &[Value("-f"), Value("--file")], &[], Nothing),
        row(
            &["curl"],
            &[],
            &[
                Value("-T"),
                Value("--upload-file"),
                AtFile("-F"),
                AtFile("--form"),
                AtFile("-d"),
                AtFile("--data"),
                AtFile("--data-binary"),
            ],
            &[Value("-o"), Value("--output")],
            Nothing,
        ),
        FileProgram {
            programs: &["wget"],
            subcommands: &[],
            unless: &[],
            needs: &[],
            makes: &[Value("-O"), Value("--output-document")],
            then: Anything,
        },
        row(&["gh"], &["release upload", "release create"], &[AllButFirst], &[], Nothing),
        row(&["netlify"], &["deploy"], &[Value("--dir"), Value("-d")], &[], Nothing),
        row(&["wrangler"], &["pages deploy", "pages publish"], &[First], &[], Nothing),
        row(&["surge"], &[], &[First], &[], Nothing),
        row(&["vercel"], &["build"], &[], &[Fixed(".vercel")], Nothing),
        row(
            &["az"],
            &["webapp deploy", "webapp deployment", "functionapp deployment", "storage blob"],
            &[Value("--src-path"), Value("--src"), Value("--file"), Value("-f"), Value("--source"), Value("-s")],
            &[],
            Nothing,
        ),
        row(&["gcloud"], &["storage cp", "storage rsync"], &[AllButLast], &[], Nothing),
        row(&["psql"], &[], &[Value("-f"), Value("--file")], &[], Nothing),
        row(&["pg_dump", "pg_dumpall"], &[], &[], &[Value("-f"), Value("--file")], Nothing),
        row(&["mysqldump"], &[], &[], &[Value("--result-file"), Value("-r")], Nothing),
        row(&["openssl"], &[], &[Value("-in")], &[Value("-out")], Nothing),
        row(&["gpg"], &[], &[], &[Value("-o"), Value("--output")], Nothing),
        row(&["git"], &["archive"], &[], &[Value("-o"), Value("--output")], Nothing),
        row(&["git"], &["bundle create"], &[], &[First], Nothing),
        row(&["git"], &["apply", "am"], &[All], &[], Anything),
        row(&["npm"], &["ci", "install", "i"], &[], &[Fixed("node_modules")], Nothing),
        row(&["yarn", "pnpm", "bun"], &["install", "i"], &[], &[Fixed("node_modules")], Nothing),
        row(&["composer"], &["install"], &[], &[Fixed("vendor")], Nothing),
        row(&["npm", "yarn", "pnpm"], &["publish"], &[First], &[], Nothing),
        row(&["vite", "ng", "astro", "parcel", "trunk", "tsup"], &["build"], &[], &[Usual("dist")], Nothing),
        row(&["webpack", "tsc", "rollup"], &[], &[], &[Value("--outDir"), Usual("dist")], Nothing),
        row(&["esbuild"], &[], &[], &[Value("--outdir"), Value("--outfile")], Nothing),
        row(&["pandoc", "asciidoctor"], &[], &[First], &[Value("-o")], Nothing),
        row(&["vue-cli-service"], &["build"], &[], &[Value("--dest"), Usual("dist")], Nothing),
        row(&["next"], &["build"], &[], &[Fixed(".next")], Nothing),
        row(&["next"], &["export"], &[], &[Usual("out")], Nothing),
        row(&["react-scripts", "docusaurus"], &["build"], &[], &[Usual("build")], Nothing),
        row(&["nuxt", "nuxi"], &["build", "generate"], &[], &[Usual(".output"), Usual("dist")], Nothing),
        row(&["gatsby"], &["build"], &[], &[Usual("public")], Nothing),
        FileProgram {
            programs: &["hugo"],
            subcommands: &[],
            unless: &["-d", "--destination", "version", "server", "--help"],
            needs: &[],
            makes: &[Usual("public")],
            then: Nothing,
        },
        row(&["mkdocs"], &["build"], &[], &[Value("-d"), Value("--site-dir"), Usual("site")], Nothing),
        row(&["jekyll"], &["build"], &[], &[Value("-d"), Usual("_site")], Nothing),
        row(&["eleventy"], &[], &[], &[Usual("_site")], Nothing),
        row(&["sphinx-build"], &[], &[], &[Last], Nothing),
        row(&["flutter"], &["build"], &[], &[Fixed("build")], Nothing),
        row(&["wasm-pack"], &["build"], &[], &[Fixed("pkg")], Nothing),
    ]
};

/// Programs that leave the files of the clone alone, except for those in [`PROGRAMS`]. `""` stands for any subcommand.
pub(super) static HARMLESS: &[(&[&str], &[&str])] = &[
    (
        &[
            "echo",
            "printf",
            "export",
            "set",
            "unset",
            "cd",
            "pushd",
            "popd",
            "pwd",
            "ls",
            "test",
            "[",
            "[[",
            "true",
            "false",
            ":",
            "sleep",
            "date",
            "whoami",
            "env",
            "printenv",
            "which",
            "command",
            "type",
            "hash",
            "for",
            "case",
            "read",
            "exit",
            "return",
            "trap",
            "ulimit",
            "umask",
            "declare",
            "local",
            "readonly",
            "alias",
            "shift",
            "wait",
            "eval",
            "source",
            ".",
            "grep",
            "egrep",
            "jq",
            "yq",
            "sed",
            "awk",
            "cut",
            "tr",
            "sort",
            "uniq",
            "basename",
            "dirname",
            "realpath",
            "find",
            "xargs",
            "tee",
            "rm",
            "rmdir",
            "df",
            "du",
            "uname",
            "id",
            "hostname",
            "diff",
            "cmp",
            "ssh",
            "ssh-add",
            "ssh-agent",
            "ssh-keyscan",
            "gpg",
            "apt-get",
            "apt",
            "apk",
            "yum",
            "dnf",
            "microdnf",
            "add-apt-repository",
            "pip",
            "pip3",
            "pipx",
            "gem",
            "corepack",
            "nvm",
            "n",
            "base64",
            "curl",
            "getent",
            "envsubst",
            "sha256sum",
            "kubectl",
            "oc",
            "helm",
            "kubectx",
            "terraform",
            "tofu",
            "terragrunt",
            "tfenv",
            "gcloud",
            "az",
            "gsutil",
            "vault",
            "keyless",
            "cosign",
            "trivy",
            "snyk",
            "sonar-scanner",
            "codecov",
            "nc",
            "ping",
            "dig",
            "nslookup",
            "openssl",
            "psql",
            "mysql",
            "redis-cli",
            "flyway",
            "aws",
            "eb",
            "ecs-cli",
            "sam",
            "serverless",
            "sls",
            "cdk",
            "pulumi",
            "surge",
            "netlify",
            "wrangler",
            "firebase",
            "vercel",
            "heroku",
            "gh",
            "twine",
            "newman",
        ],
        &[""],
    ),
    (
        &["npm"],
        &["ci", "install", "i", "config", "set", "whoami", "version", "publish", "audit", "login", "-v", "cache"],
    ),
    (&["yarn", "pnpm", "bun"], &["install", "i", "config", "global", "add", "audit", "publish"]),
    (&["bundle", "composer"], &["install", "config", "--version"]),
    (&["poetry", "uv", "hatch", "flit"], &["publish", "config", "install", "sync"]),
    (
        &["git"],
        &[
            "config",
            "status",
            "log",
            "describe",
            "rev-parse",
            "tag",
            "fetch",
            "push",
            "remote",
            "add",
            "commit",
            "diff",
            "show",
            "branch",
            "rev-list",
            "ls-files",
            "ls-remote",
        ],
    ),
    (
        &["docker", "podman", "buildah"],
        &[
            "login", "logout", "build", "buildx", "push", "tag", "images", "image", "version", "info", "ps", "inspect",
            "save", "load", "pull", "logs", "rmi", "context", "network", "manifest",
        ],
    ),
];

/// Programs whose result is a folder.
pub(super) const MAKE_FOLDERS: [&str; 13] = [
    "python",
    "python3",
    "virtualenv",
    "sphinx-build",
    "dotnet",
    "mkdocs",
    "jekyll",
    "cdk",
    "pip",
    "pip3",
    "cmake",
    "helm",
    "vue-cli-service",
];

/// Package scripts that work only with the installed packages, by the start of their names.
pub(super) const PACKAGE_SCRIPTS: [&str; 8] = ["build", "check", "e2e", "lint", "start", "test", "typecheck", "unit"];

/// Words in the names of scripts that rather make a file than need it.
pub(super) const GENERATORS: [&str; 20] = [
    "build", "make", "gen", "create", "render", "export", "pack", "compile", "bundle", "prepare", "setup", "init",
    "install", "fetch", "download", "pull", "restore", "dump", "write", "bump",
];

/// Variables of pipes that name files of the clone.
pub(super) const PIPE_FILES: [&str; 7] =
    ["LOCAL_PATH", "ZIP_FILE", "FILENAME", "SOURCE", "RESOURCE_PATH", "TEMPLATE", "PACKAGE_PATH"];

/// Variables of pipes that name an image of the step's Docker daemon.
pub(super) const PIPE_IMAGES: [&str; 1] = ["IMAGE_NAME"];

#[cfg(test)]
mod tests {
    use super::image_names;

    #[test]
    fn images_have_a_name_and_a_tag() {
        for (written, full, name) in [
            ("app", "app:latest", "app"),
            ("docker.io/library/app:1", "app:1", "app"),
            ("localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app"),
            ("x/app:${VERSION}", "x/app:${VERSION}", "x/app"),
        ] {
            assert_eq!(image_names(written), (full.to_owned(), name.to_owned()), "{written}");
        }
    }
}
