use super::*;
use crate::{
    facts::{Availability, DEFAULTS},
    growth::assert_linear,
};

const STATE: Scope<'_> = Scope { context: Context::State, declared: &["DEPLOY_ENABLED", "critical_count"] };
const TRIGGER: Scope<'_> = Scope { context: Context::Trigger, declared: &[] };

/// The problems of an expression as `text at the span: message[; help]`, with `?` in front of unconfirmed ones.
fn problems(text: &str, scope: &Scope<'_>) -> Vec<String> {
    let found = Expression::parse(text).check(scope);
    found
        .iter()
        .map(|problem| {
            let mark = if problem.confirmed { "" } else { "?" };
            let help = problem.help().map(|help| format!("; {help}")).unwrap_or_default();
            format!("{mark}{}: {}{help}", &text[problem.span.start..problem.span.end], problem.message())
        })
        .collect()
}

#[test]
fn documented_expressions_have_no_problems() {
    for text in [
        "(var_1 > 100 && var_1 <= 200) || var_2 == \"ok\" && var_3 == true",
        "glob(var_1, \"feature/*\") && var_2 != \"ok\"",
        "block_deployment == false",
        "critical_count == 0",
        "value == \"null\"",
        "DEPLOY_ENABLED == true",
        "COUNT > 0",
        "(A == true || B == true) && ENABLED == false",
        "glob(BITBUCKET_BRANCH, \"{main,release/**}\")",
        "!glob(BITBUCKET_TAG, \"v?.*\")",
        "!(A == 1) && !B",
        "A == 3.14 && A > -2",
        "BITBUCKET_BRANCH == \"\"",
        "BITBUCKET_BRANCH == \"main\" || BITBUCKET_BRANCH == \"develop\"",
        "BITBUCKET_BRANCH != \"main\" && BITBUCKET_BRANCH != \"develop\"",
        "BITBUCKET_REPO_UUID == \"{1d397906-7c6b-4e1d-8c8b-6f1f2d0c3a4b}\"",
        "CI == true",
        "BITBUCKET_BRANCH == ${{TARGET}}",
        "DEPLOY_ENABLED",
        "TARGET == OTHER",
        "A == \"1\" && A == 1",
    ] {
        assert_eq!(problems(text, &STATE), Vec::<String>::new(), "{text}");
    }
    for text in [
        "changesetInclude(\"src/**\", \"lib/**\") && BITBUCKET_BRANCH == \"main\"",
        "BITBUCKET_TRIGGER_PIPELINE_STATUS == \"SUCCESSFUL\"",
    ] {
        assert_eq!(problems(text, &TRIGGER), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn problems_are_named_and_placed() {
    let mut wrong = Vec::new();
    for (text, expected) in [
        ("", ": expression is empty"),
        ("  ", "  : expression is empty"),
        ("A && ()", "(): expression is empty"),
        ("$A == true", "$A: variable `A` is written with `$` in an expression; change it to `A`"),
        ("${A} == true", "${A}: variable `A` is written with `$` in an expression; change it to `A`"),
        ("A = \"x\"", "=: unknown operator `=`; use `==`"),
        ("A === \"x\"", "===: unknown operator `===`; use `==`"),
        ("A <> 1", "<>: unknown operator `<>`; use `!=`"),
        ("A & B", "&: unknown operator `&`; use `&&`"),
        ("A and B", "and: unknown operator `and`; use `&&`"),
        ("A OR NOT B", "OR: unknown operator `OR`; use `||` | NOT: unknown operator `NOT`; use `!`"),
        ("A =~ \"x\"", "=~: unknown operator `=~`; use `glob(NAME, \"pattern\")` to compare with a pattern"),
        ("A == 'x'", "?'x': string in single quotes; use double quotes: `\"x\"`"),
        ("A == \"x", "\"x: unterminated string; add the closing quote"),
        ("A == release/1.2", "?release/1.2: string without quotes; use double quotes: `\"release/1.2\"`"),
        ("A == 1.2.3", "?1.2.3: string without quotes; use double quotes: `\"1.2.3\"`"),
        (
            "A == null",
            "null: `null` is not supported in expressions; compare with the string `\"null\"` if the variable \
                       holds it",
        ),
        ("A ==", "==: missing operand after `==`; add a value, or remove the operator"),
        ("== 1 && A", "==: missing operand before `==`; add a value, or remove the operator"),
        ("A &&", "&&: missing operand after `&&`; add a value, or remove the operator"),
        ("|| A", "||: missing operand before `||`; add a value, or remove the operator"),
        ("!", "!: missing operand after `!`; add a value, or remove the operator"),
        ("A B C", "B: missing operator before `B`; join the two with `&&`, `||` or a comparison"),
        ("(A == 1", "(: unclosed `(`; add `)`"),
        ("A == 1)", "): unmatched `)`; remove it, or add `(`"),
        ("A == 1 == 2", "==: comparisons cannot be chained; join two comparisons with `&&`"),
        (
            "A == #1",
            "#: unexpected character `#`; use comparisons such as `NAME == \"value\"`, joined with `&&` or `||`",
        ),
        (
            "\"x\"",
            "\"x\": expression must be a boolean, found a string; use comparisons such as `NAME == \"value\"`, joined with `&&` or `||`",
        ),
        (
            "42",
            "42: expression must be a boolean, found a number; use comparisons such as `NAME == \"value\"`, joined with `&&` or `||`",
        ),
        (
            "A || \"x\"",
            "?\"x\": expression must be a boolean, found a string; use comparisons such as `NAME == \"value\"`, joined with `&&` or `||`",
        ),
        ("true", "true: condition is always true"),
        ("\"a\" == \"b\"", "\"a\" == \"b\": condition is always false: both sides are literals"),
        ("1 < 2", "1 < 2: condition is always true: both sides are literals"),
        ("A == A", "A == A: condition is always true: `A` is compared with itself"),
        ("A == True", "?True: unknown variable `True`; did you mean `true`?"),
        ("DEPLOY_ENABLE == true", "?DEPLOY_ENABLE: unknown variable `DEPLOY_ENABLE`; did you mean `DEPLOY_ENABLED`?"),
        (
            "BITBUCKET_BRACH == \"x\"",
            "?BITBUCKET_BRACH: unknown variable `BITBUCKET_BRACH`; did you mean \
                                      `BITBUCKET_BRANCH`?",
        ),
        (
            "BITBUCKET_EXIT_CODE == 0",
            "?BITBUCKET_EXIT_CODE: `BITBUCKET_EXIT_CODE` is not set when this expression is \
                                      evaluated; it is set in `after-script`; remove it, or use a variable that is set before",
        ),
        ("Glob(A, \"x\")", "Glob: unknown function `Glob`; did you mean `glob`?"),
        (
            "startsWith(A, \"x\")",
            "startsWith: unknown function `startsWith`; the functions are `glob`, \
                                  `changesetInclude`, `changesetExclude`",
        ),
        ("glob(A)", "glob(A): `glob` takes 2 arguments, found 1; use `glob(value, \"pattern\")`"),
        (
            "glob(A, feature)",
            "feature: the pattern of `glob` must be a string in double quotes; use `glob(NAME, \
                              \"pattern\")`",
        ),
        (
            "glob(\"f/*\", A)",
            "glob(\"f/*\", A): arguments of `glob` are in the wrong order; use `glob(NAME, \"pattern\")`",
        ),
        ("glob(\"f/a\", \"f/*\")", "glob(\"f/a\", \"f/*\"): condition is always true: both arguments are strings"),
        (
            "BITBUCKET_BRANCH == true",
            "?BITBUCKET_BRANCH == true: condition is always false: `BITBUCKET_BRANCH` is not a \
                                      boolean",
        ),
        (
            "BITBUCKET_BRANCH == \"release/*\"",
            "?BITBUCKET_BRANCH == \"release/*\": condition is always false: \
            `BITBUCKET_BRANCH` is compared with `release/*` literally; use `glob()` to match a pattern",
        ),
        (
            "BITBUCKET_BRANCH != \"refs/heads/main\"",
            "?BITBUCKET_BRANCH != \"refs/heads/main\": condition is always true: \
            `BITBUCKET_BRANCH` does not begin with `refs/`; use the short name of the branch or tag",
        ),
        (
            "BITBUCKET_PR_ID == \"main\"",
            "?BITBUCKET_PR_ID == \"main\": condition is always false: `BITBUCKET_PR_ID` is a \
            number",
        ),
        (
            "BITBUCKET_REPO_UUID == \"1d39\"",
            "?BITBUCKET_REPO_UUID == \"1d39\": condition is always false: \
            `BITBUCKET_REPO_UUID` is in braces; put the UUID in braces",
        ),
        (
            "A == \"x\" && A == \"y\"",
            "A == \"y\": condition is always false: `A` cannot have two values; use `||` to accept \
            several values",
        ),
        (
            "A != \"x\" || A != \"y\"",
            "A != \"y\": condition is always true: `A` always differs from one of the values; use \
            `&&` to exclude several values",
        ),
        (
            "A == \"$B\"",
            "?\"$B\": variables are not expanded in a string, so `$B` is compared as it is; use `B` without \
            quotes",
        ),
    ] {
        let found = problems(text, &STATE).join(" | ");
        if found != expected {
            wrong.push(format!("{text}\n  found    {found}\n  expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        problems("BITBUCKET_STEP_UUID == \"{x}\"", &TRIGGER),
        [
            "?BITBUCKET_STEP_UUID: `BITBUCKET_STEP_UUID` is not set when this expression is evaluated; it is set in a step \
             that runs; remove it, or use a variable that is set before"
        ]
    );
}

#[test]
fn one_cause_is_one_problem() {
    for (text, expected) in [
        ("[ \"$A\" == \"x\" ]", vec!["unexpected character `[`"]),
        ("A & ", vec!["unknown operator `&`"]),
        (
            "(A == 'x' && $B",
            vec!["unclosed `(`", "string in single quotes", "variable `B` is written with `$` in an expression"],
        ),
        ("A ? \"x\" : \"y\"", vec!["unexpected character `?`"]),
        ("BITBUCKET_BRANCH == main", vec!["string without quotes"]),
        ("BITBUCKET_BRANCH == MAIN", vec![]),
    ] {
        let problems = Expression::parse(text).causes(&STATE);
        assert_eq!(problems.iter().map(Problem::message).collect::<Vec<_>>(), expected, "{text}");
    }
}

#[test]
fn precedence_and_spans_are_those_of_the_language() {
    let text = "a || !b == 1 && (c)";
    let root = Expression::parse(text).root.unwrap();
    let Kind::Any(alternatives) = &root.kind else { panic!("{root:?}") };
    assert_eq!(root.span, Span::new(0, 18));
    let Kind::All(conditions) = &alternatives[1].kind else { panic!("{root:?}") };
    let Kind::Comparison { operator, operands, operator_span } = &conditions[0].kind else { panic!("{root:?}") };
    assert_eq!((*operator, &text[operator_span.start..operator_span.end]), (Some(Comparison::Equal), "=="));
    assert!(matches!(operands[0].kind, Kind::Not(_)));
    assert_eq!(&text[operands[0].span.start..operands[0].span.end], "!b");

    let expression = Expression::parse("glob(A, \"x\") && B");
    assert_eq!(expression.names(), [("A", Span::new(5, 6)), ("B", Span::new(16, 17))]);
    assert_eq!(expression.node_at(5).map(|node| &node.kind), Some(&Kind::Name("A".to_owned())));
    assert_eq!(expression.node_at(13), expression.root.as_ref());
}

#[test]
fn any_text_is_read_quickly_and_to_a_bounded_depth() {
    let pieces =
        ["(", "!", "()", "a)", "a == ", "a b ", "glob(", "\"", "'", "$", "${", "a && ", "&& ", ",", "ä", "1.", "~"];
    let depth = "(".repeat(48) + "a" + &")".repeat(48);
    assert_eq!(problems(&depth, &TRIGGER), Vec::<String>::new());
    for piece in pieces {
        assert_linear(piece, 10_000, |size| {
            let text = piece.repeat(size);
            for problem in &Expression::parse(&text).check(&TRIGGER) {
                assert!(text.get(problem.span.start..problem.span.end).is_some(), "{piece}: {problem:?}");
            }
        });
    }
    assert!(problems(&"(".repeat(10_000), &TRIGGER).iter().any(|problem| problem.contains("too deeply")));
    assert_eq!(
        problems(&format!("A == \"{}\"", "x".repeat(1000)), &STATE),
        [": expression must have at most 1000 characters, found 1007"]
    );
}

#[test]
fn every_documented_variable_has_documentation() {
    assert!(NAMES.is_sorted_by(|a, b| a.name < b.name));
    for (name, availability) in DEFAULTS {
        assert!(name_documentation(name).is_some() || availability == Availability::Undocumented, "{name}");
    }
    assert!(NAMES.iter().all(|known| DEFAULTS.iter().any(|(name, _)| *name == known.name)));
    assert_eq!(function_documentation("glob").map(|(signature, _)| signature), Some("glob(value, \"pattern\")"));
}
