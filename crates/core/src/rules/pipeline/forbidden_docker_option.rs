use crate::{
    analysis::{Analysis, steps::Started},
    rules::{Findings, rule},
};

rule! {
    /// A `docker run` option that Bitbucket's Docker daemon rejects.
    ///
    /// On Bitbucket's cloud runners, up to runtime version 2, containers cannot be privileged and cannot mount anything
    /// outside the clone directory, including the Docker socket. The command fails with `authorization denied by plugin
    /// pipelines`.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [docker]
    ///         script:
    ///           - docker run --rm -v /var/run/docker.sock:/var/run/docker.sock aquasec/trivy:0.58.0 image app
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         services: [docker]
    ///         script:
    ///           - docker save --output app.tar app
    ///           - docker run --rm -v $BITBUCKET_CLONE_DIR:/work aquasec/trivy:0.58.0 image --input /work/app.tar
    /// ```
    ///
    /// Runtime version 3 allows these options and a self-hosted runner may, so they are not reported there.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/enable-and-use-runtime-v3/>.
    static RULE: "forbidden-docker-option", Warning, check
}

/// Options of `docker run` without a value; any other option takes the next argument.
const FLAGS: [&str; 8] =
    ["--detach", "--init", "--interactive", "--no-healthcheck", "--privileged", "--publish-all", "--read-only", "--rm"];

/// Where Bitbucket keeps its files in the step's container, including the clone.
const OWN: &str = "/opt/atlassian/";

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    file.each_program(&mut |Started { step, section, invocation, .. }| {
        if invocation.program != "docker"
            || file.model.on_self_hosted_runner(step)
            || file.model.runtime_version(step).is_some_and(|version| version.value == "3")
        {
            return;
        }
        let words = invocation.arguments;
        let mut at = words.iter().position(|word| word.prefix() == "run").map_or(words.len(), |at| at + 1);
        // Arguments after the image belong to the container.
        while let Some(word) = words.get(at).filter(|word| word.prefix().starts_with('-')) {
            at += 1;
            let name = word.prefix();
            let short = !name.starts_with("--");
            let (name, mut value) = name.split_once('=').unwrap_or((name, ""));
            let flag = if short { name.bytes().all(|it| b"-ditPq".contains(&it)) } else { FLAGS.contains(&name) };
            let mut span = word.span;
            if let Some(next) = words.get(at).filter(|_| value.is_empty() && !flag) {
                (at, value, span) = (at + 1, next.prefix(), span.cover(next.span));
            }
            let (what, instead) = if name == "--privileged" && value != "false" {
                ("privileged containers", "remove `--privileged`")
            } else if (short && name.ends_with('v') || name == "--volume") && is_outside(value) {
                ("volumes outside the clone directory", "use a path under `$BITBUCKET_CLONE_DIR`")
            } else {
                continue;
            };
            findings
                .report(section.place(span), format!("{what} are not allowed by Bitbucket's Docker daemon"))
                .help(format!("{instead}, or set `runtime: {{cloud: {{version: \"3\"}}}}`"));
        }
    });
}

/// Whether a volume is a directory or file of the host outside the clone.
fn is_outside(volume: &str) -> bool {
    volume.contains(':') && volume.starts_with(['/', '~']) && !volume.starts_with(OWN)
}
