use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    spelling,
    text::Span,
};

/// The name that Bitbucket reads.
const NAME: &str = "bitbucket-pipelines.yml";

rule! {
    /// The file is not called `bitbucket-pipelines.yml`.
    ///
    /// Bitbucket reads the file of exactly this name at the top of the repository. `.yaml` is not read. Files that other
    /// pipelines import may have any name.
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/bitbucket-pipelines-configuration-reference/>.
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
    static RULE: "unrecognized-file-name", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let name = file.source.name().rsplit(['/', '\\']).next().unwrap_or_default();
    if name == NAME || spelling::nearest(name, [NAME, "bitbucket-pipelines.yaml"]).is_none() {
        return;
    }
    let place = file.source.line(1).unwrap_or(Span::at(0));
    findings
        .report(place, format!("Bitbucket does not read a file called `{name}`"))
        .help(format!("rename it to `{NAME}`, at the top of the repository"));
}
