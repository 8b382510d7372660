use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    spelling,
    text::Span,
};

/// The name that Bitbucket reads.
const NAME: &str = "bitbucket-pipelines.yml";

rule! {
    /// A file whose name is similar to `bitbucket-pipelines.yml`, but not the same.
    ///
    /// Bitbucket reads only the file `bitbucket-pipelines.yml` in the root of the repository, so no pipeline runs. It
    /// does not read `.yaml`.
    ///
    /// ```yaml wrong bitbucket-pipelines.yaml
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    /// ```
    ///
    /// Files that other pipelines import can have any name.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/bitbucket-pipelines-configuration-reference/>.
    static RULE: "unrecognized-file-name", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let name = file.source.name().rsplit(['/', '\\']).next().unwrap_or_default();
    if name == NAME || spelling::nearest(name, [NAME, "bitbucket-pipelines.yaml"]).is_none() {
        return;
    }
    let place = file.source.line(1).unwrap_or(Span::at(0));
    findings
        .report(place, format!("`{name}` is not read by Bitbucket"))
        .help(format!("rename it to `{NAME}`, in the root of the repository"));
}
