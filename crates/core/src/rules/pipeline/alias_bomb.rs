use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    yaml::Problem,
};

rule! {
    /// Aliases that repeat aliases until the file grows beyond all measure.
    ///
    /// A few lines can stand for billions. keyless reports it, leaves all aliases unfollowed and checks the rest; Bitbucket
    /// has a limit of its own.
    ///
    /// ```yaml wrong
    /// a: &a [x, x, x, x, x, x, x, x, x, x]
    /// b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
    /// c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
    /// d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
    /// e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
    /// f: &f [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    /// ```
    ///
    /// ```yaml right
    /// a: &a [x, x, x, x, x, x, x, x, x, x]
    /// b: &b [*a, *a]
    /// pipelines:
    ///   default:
    ///     - step:
    ///         script: [make]
    /// ```
    static RULE: "alias-bomb", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for problem in file.problems {
        if let Problem::AliasExpansion { limit, alias } = problem {
            findings
                .report(file.span(*alias), format!("the aliases of this file add more than {limit} values"))
                .label("this one adds most")
                .help("repeat smaller parts; the aliases were not followed");
        }
    }
}
