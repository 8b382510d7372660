//! Command lines as the log shows them: without values, of which any may be a secret.

/// What replaces a value.
const HIDDEN: &str = "***";

/// Options of the pipe's own whose value is a pair: its key is shown.
const PAIRS: [&str; 3] = ["--context", "--parameters", "--tags"];

/// The CDK's arguments. The last `given` are those of `EXTRA_ARGS`, of which only the names of options are shown.
pub(crate) fn arguments(arguments: &[String], given: usize) -> String {
    let (own, given) = arguments.split_at(arguments.len().saturating_sub(given));
    let mut shown: Vec<String> = Vec::new();
    let mut before = "";
    for argument in own {
        shown.push(match argument.split_once('=') {
            Some((key, _)) if PAIRS.contains(&before) && !key.starts_with('@') => format!("{}={HIDDEN}", word(key)),
            // A folder or a plain command is no secret, but a command line may contain one.
            _ if before == "--app" && argument.contains([' ', '=', '\'', '"']) => HIDDEN.to_owned(),
            _ => word(argument),
        });
        before = argument;
    }
    shown.extend(given.iter().map(|argument| option(argument)));
    shown.join(" ")
}

/// The program of a command line, and how many arguments it has.
pub(crate) fn program(words: &[String]) -> String {
    let program = words.first().map_or("", String::as_str);
    match words.len().saturating_sub(1) {
        0 => word(program),
        1 => format!("{} (1 argument)", word(program)),
        count => format!("{} ({count} arguments)", word(program)),
    }
}

/// The name of an option (`--name=value`, `-cvalue`), or nothing of any other word.
fn option(argument: &str) -> String {
    match (argument.strip_prefix("--"), argument.strip_prefix('-')) {
        (Some(_), _) => match argument.split_once('=') {
            Some((name, _)) => format!("{name}={HIDDEN}"),
            None => argument.to_owned(),
        },
        (None, Some(short)) if !short.is_empty() => {
            let end = short.chars().next().map_or(0, char::len_utf8);
            format!("-{}{}", &short[..end], if short.len() > end { HIDDEN } else { "" })
        }
        _ => HIDDEN.to_owned(),
    }
}

fn word(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| HIDDEN.to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_and_values_are_not() {
        for (own, given, expected) in [
            ("deploy --all --app cdk.out --no-notices", "", "deploy --all --app cdk.out --no-notices"),
            (
                "deploy 'A b' --parameters \"Shop:Password=it's\" --context token=a=b --tags team=x",
                "",
                "deploy 'A b' --parameters Shop:Password=*** --context token=*** --tags team=***",
            ),
            (
                "diff --context @aws-cdk/core:bootstrapQualifier=shop --app 'KEY=x node app.js'",
                "",
                "diff --context '@aws-cdk/core:bootstrapQualifier=shop' --app ***",
            ),
            (
                "deploy",
                "--verbose --parameters Password=x -c token=x -ctoken=x --role-arn=x x -",
                "deploy --verbose --parameters *** -c *** -c*** --role-arn=*** *** ***",
            ),
        ] {
            let (mut words, given) = (shlex::split(own).unwrap(), shlex::split(given).unwrap());
            let count = given.len();
            words.extend(given);
            assert_eq!(arguments(&words, count), expected);
        }
        for (words, expected) in
            [("true", "true"), ("sh -c 'x'", "sh (2 arguments)"), ("aws x", "aws (1 argument)"), ("", "''")]
        {
            assert_eq!(program(&shlex::split(words).unwrap()), expected);
        }
    }
}
