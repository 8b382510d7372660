use crate::{
    analysis::{Analysis, steps::Started},
    rules::{Findings, rule},
};

rule! {
    /// An option of `docker run` that Bitbucket's docker daemon refuses.
    ///
    /// On Bitbucket's own machines, up to version 2 of the runtime, containers can neither be privileged nor see directories
    /// outside the clone, the socket of the daemon among them: the command stops with `authorization denied by plugin
    /// pipelines`. Version 3 of the runtime allows it, and a runner of one's own may.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/enable-and-use-runtime-v3/>.
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
    static RULE: "forbidden-docker-option", Warning, check
}

/// Options of `docker run` without a value; any other takes the next word.
const FLAGS: [&str; 8] =
    ["--detach", "--init", "--interactive", "--no-healthcheck", "--privileged", "--publish-all", "--read-only", "--rm"];

/// What Bitbucket keeps in the step's container, the clone among it.
const OWN: &str = "/opt/atlassian/";

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    file.each_program(&mut |Started { step, listing, invocation, .. }| {
        if invocation.program != "docker"
            || file.model.on_self_hosted_runner(step)
            || file.model.runtime_version(step).is_some_and(|version| version.value == "3")
        {
            return;
        }
        let words = invocation.arguments;
        let mut at = words.iter().position(|word| word.prefix() == "run").map_or(words.len(), |at| at + 1);
        // What follows the image is not for docker.
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
            let what = if name == "--privileged" && value != "false" {
                "privileged containers"
            } else if (short && name.ends_with('v') || name == "--volume") && is_outside(value) {
                "volumes outside the clone"
            } else {
                continue;
            };
            findings.report(listing.place(span), format!("Bitbucket's docker daemon refuses {what}")).help(
                "do without, with paths below `$BITBUCKET_CLONE_DIR`, or set `runtime: {cloud: {version: \"3\"}}`",
            );
        }
    });
}

/// Whether a volume is a directory or file of the host that does not belong to the clone.
fn is_outside(volume: &str) -> bool {
    volume.contains(':') && volume.starts_with(['/', '~']) && !volume.starts_with(OWN)
}
