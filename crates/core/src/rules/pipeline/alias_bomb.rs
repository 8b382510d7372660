use crate::{
    analysis::Analysis,
    rules::{Findings, rule},
    yaml::Problem,
};

rule! {
    /// Nested aliases that expand to too many values.
    ///
    /// A few lines can expand to billions of values, which exhausts the memory of a program that expands them.
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
    ///
    /// keyless does not expand the aliases of such a file and checks the rest of it. Bitbucket has its own limit.
    static RULE: "alias-bomb", Error, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for problem in file.problems {
        if let Problem::AliasExpansion { limit, alias } = problem {
            findings
                .report(file.span(*alias), format!("aliases in this file expand to more than {limit} values"))
                .label("this alias adds the most")
                .help("use fewer nested aliases; keyless did not expand them");
        }
    }
}
