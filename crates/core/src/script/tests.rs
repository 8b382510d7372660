use std::fmt::Write as _;

use super::*;
use crate::growth::assert_linear;

/// One command per line, with everything that the parser found.
fn dump(script: &Script) -> String {
    let mut out = String::new();
    for (index, command) in script.commands.iter().enumerate() {
        write!(out, "{index}:").unwrap();
        for assignment in &command.assignments {
            let sign = if assignment.append { "+=" } else { "=" };
            write!(out, " {}{sign}{}", assignment.name, word(&assignment.value)).unwrap();
        }
        for word_of in &command.words {
            write!(out, " {}", word(word_of)).unwrap();
        }
        for redirection in &command.redirections {
            write!(out, " {}{:?}({})", redirection.descriptor, redirection.kind, word(&redirection.target)).unwrap();
        }
        let ExecutionContext { conditional, subshell, output } = command.context;
        for (set, name) in [(conditional, "conditional"), (subshell, "subshell")] {
            if set {
                write!(out, " !{name}").unwrap();
            }
        }
        match output {
            Output::Log => {}
            Output::Pipe(to) => write!(out, " !pipe{to}").unwrap(),
            Output::Capture => out.push_str(" !captured"),
        }
        out.push('\n');
    }
    for span in &script.unparsed {
        writeln!(out, "unparsed: {:?}", script.slice(*span)).unwrap();
    }
    out
}

fn word(word: &Word) -> String {
    word.parts.iter().map(part).collect::<String>()
}

fn part(part: &Part) -> String {
    match part {
        Part::Text { text, quoted: false } => text.clone(),
        Part::Text { text, quoted: true } => format!("'{}'", text.replace('\n', "\\n")),
        Part::Variable(Expansion { name, quoted, operator, .. }) => {
            let mark = if *quoted { "\"" } else { "" };
            match operator {
                Operator::None => format!("<{mark}{name}>"),
                Operator::Default(inner) => format!("<{mark}{name} or {}>", word(inner)),
                Operator::Assign(inner) => format!("<{mark}{name} := {}>", word(inner)),
                Operator::Alternative(inner) => format!("<{mark}{name} then {}>", word(inner)),
                Operator::Require(inner) => format!("<{mark}{name} needed {}>", word(inner)),
                Operator::Other(inner) => format!("<{mark}{name} op {}>", word(inner)),
                Operator::Template => format!("<{mark}{name} template>"),
            }
        }
        Part::Substitution { commands, .. } => format!("$({commands:?})"),
        Part::Other { commands, .. } => format!("?({commands:?})"),
    }
}

#[test]
fn scripts_are_read_as_the_shell_reads_them() {
    let wrong: Vec<String> = CASES
        .iter()
        .map(|(items, expected)| (items, expected, dump(&Script::parse(items.iter().copied()))))
        .filter(|(_, expected, read)| read != *expected)
        .map(|(items, expected, read)| format!("{}\n-- expected\n{expected}-- read\n{read}", items.join("\n")))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

const CASES: &[(&[&str], &str)] = &[
    (&["aws s3 ls"], "0: aws s3 ls\n"),
    (
        &["export AWS_WEB_IDENTITY_TOKEN_FILE=$(pwd)/web-identity-token", "echo $TOKEN > $(pwd)/web-identity-token"],
        "0: pwd !subshell !captured\n\
         1: export AWS_WEB_IDENTITY_TOKEN_FILE=$(0..1)/web-identity-token\n\
         2: pwd !subshell !captured\n\
         3: echo <TOKEN> 1Output($(2..3)/web-identity-token)\n",
    ),
    (&["X=1 Y+=\"a $B\" cmd 2>&1 >/dev/null"], "0: X=1 Y+='a '<\"B> cmd 2Duplicate(1) 1Output(/dev/null)\n"),
    (
        &["a && b || c; d & e | f |& g"],
        "0: a\n1: b\n2: c !conditional\n3: d !subshell\n4: e !subshell !pipe5\n5: f !subshell !pipe6\n6: g !subshell\n",
    ),
    (
        &["if a; then", "  b", "elif c; then d", "else e; fi > out", "f"],
        "0: a 1Output(out)\n1: b 1Output(out) !conditional\n2: c 1Output(out) !conditional\n3: d 1Output(out) !conditional\n\
         4: e 1Output(out) !conditional\n5: f\n",
    ),
    (
        &["for f in *.json $X; do cat $f; done | tee all", "while read -r a b; do :; done < in"],
        "0: for f in *.json <X> !subshell !pipe2\n1: cat <f> !conditional !subshell !pipe2\n2: tee all !subshell\n\
         3: read -r a b\n4: : !conditional\n",
    ),
    (
        &["case $X in a|b) one;; (c) two ;& *) three\n esac; four"],
        "0: case <X> in\n1: one !conditional\n2: two !conditional\n3: three !conditional\n4: four\n",
    ),
    (&["(cd x; ls) && { y; }"], "0: cd x !subshell\n1: ls !subshell\n2: y !conditional\n"),
    (&["f() { a; }", "function g { b; }; f"], "0: a !conditional\n1: b !conditional\n2: f\n"),
    (
        &["cat <<EOF > f\na $X $(y)\nEOF\nls", "cat <<'EOF'\na $X\nEOF", "cat <<-E\n\tx\n\tE\nend"],
        "0: cat 0HereDocument('a '<\"X>' '$(1..2)'\\n') 1Output(f)\n1: y !subshell !captured\n2: ls\n\
         3: cat 0HereDocument('a $X\\n')\n4: cat 0HereDocument('\tx\\n')\n5: end\n",
    ),
    (&["echo $'a\\'b' \"c\\\"d\" e\\ f '' \"\""], "0: echo 'a\\'b' 'c\"d' e' 'f '' ''\n"),
    (
        &[
            "echo ${A} \"${B:-x y}\" ${C:=$D} ${E+\"f\"} ${G:?no} ${#H} ${I%%.*} ${J[0]} $1 $? $@ ${K//\\//-} $ ${{L}} ${{ M }}",
        ],
        "0: echo <A> <\"B or 'x y'> <C := <D>> <E then 'f'> <G needed no> <H op > <I op %%.*> <J op > <1> <?> <@> \
         <K op //'/'/-> $ <L template> <M template>\n",
    ),
    (
        &["echo $((1 + $X)) $( (a) ) `b \"c\"`"],
        "0: a !subshell !captured\n1: b 'c' !subshell !captured\n2: echo ?(0..0) $(0..1) $(1..2)\n",
    ),
    (
        &["echo \"a $(b \"c $(d)\" | e)\" | f"],
        "0: d !subshell !captured\n1: b 'c '$(0..1) !subshell !pipe2\n2: e !subshell !captured\n3: echo 'a '$(0..3) !subshell !pipe4\n4: f !subshell\n",
    ),
    (
        &["[[ $A == a* && ( -n $B || $C =~ ^(x|y)$ ) ]] && go"],
        "0: [[ <A> == a* -n <B> <C> =~ ^ x y $ ]]\n1: go !conditional\n",
    ),
    (&["(( i > 3 )) && a; x=(1 \"$Y\" 3); declare -a z=(4)"], "0: a !conditional\n1: x=1 <\"Y> 3\n2: declare -a z=4\n"),
    (
        &["diff <(a) >(b) # c", "# d 'e", "f#g"],
        "0: a !subshell !captured\n1: b !subshell !captured\n2: diff ?(0..1) ?(1..2)\n3: f#g\n",
    ),
    (
        &["a \\\n  b c\\\nd", "exec 3>&- &>> log >&2 2> e"],
        "0: a b cd\n1: exec 3Duplicate(-) 1OutputAndErrors(log) 1Duplicate(2) 2Output(e)\n",
    ),
    (&["a |\n b &&", "c"], "0: a !subshell !pipe1\n1: b !subshell\n2: c\n"),
    // A line that is not valid shell affects only itself.
    (&["a 'b\nc d\ne", "f \"g", "h"], "0: c d\n1: e\n2: h\nunparsed: \"a 'b\"\nunparsed: \"f \\\"g\"\n"),
    (
        &["a; b)\nc", "fi", "d ${", "e $(f", "g"],
        "0: a\n1: b\n2: c\n3: g\nunparsed: \")\"\nunparsed: \"fi\"\nunparsed: \"d ${\"\nunparsed: \"e $(f\"\n",
    ),
    (&["if a; then b"], "0: a\n1: b !conditional\nunparsed: \"if a; then b\"\n"),
    (&["", "ß=ü\\é; echo “x” ünï", ""], "0: ß=ü'é'\n1: echo “x” ünï\n"),
    // The script of `sh -c` is read in place.
    (
        &["bash -c 'a $X && b | c' && d", "sudo sh -eo pipefail -c \"e $Y\" > f | g"],
        "0: bash -c 'a $X && b | c'\n1: a <X> !subshell\n2: b !subshell !pipe3\n3: c !subshell\n4: d\n\
         5: sudo sh -eo pipefail -c 'e '<\"Y> 1Output(f) !subshell\n6: e <Y> 1Output(f) !subshell\n7: g !subshell\n",
    ),
    (
        &[
            "X=$(sh -c 'a') || bash -c 'b' | c",
            "bash -c 'a; )'",
            "bash -c \"echo \\\"q\\\"\"",
            "bash file -c 'a'",
            "sh -c $X",
        ],
        "0: sh -c 'a' !subshell !captured\n1: a !subshell !captured\n2: X=$(0..2)\n\
         3: bash -c 'b' !conditional !subshell !pipe5\n4: b !conditional !subshell !pipe5\n5: c !conditional !subshell\n\
         6: bash -c 'a; )'\n7: bash -c 'echo \"q\"'\n8: bash file -c 'a'\n9: sh -c <X>\n",
    ),
];

#[test]
fn ranges_lead_back_to_the_items() {
    let script = Script::parse(["a", "", "say \"$(who \"$NAME\")\""]);
    let who = &script.commands[1];
    assert_eq!(script.slice(who.words[1].span), "\"$NAME\"");
    assert_eq!(script.locate(who.words[1].span), (2, Span::new(11, 18)));
    assert_eq!(script.slice(who.expansions()[0].span), "$NAME");
}

#[test]
fn effects_on_the_shell() {
    let script = Script::parse([
        "A=1 B=2; export C=$D E; declare -rx F=g; read -r H I; unset J; . ./env.sh; eval \"$K\"; set -euxo pipefail",
        "set +x -o allexport; cd build; cd; : ${L:=m}; X=1 env Y=2 make; printf -v N %s x",
    ]);
    let mut seen = String::new();
    for effect in script.commands.iter().flat_map(Command::effects) {
        match effect {
            Effect::Set { name, value, exported, .. } => {
                let value = value.map_or("?".to_owned(), |value| word(&value));
                write!(seen, "{name}={value}{} ", if exported { "!" } else { "" }).unwrap();
            }
            Effect::Export { name, .. } => write!(seen, "{name}! ").unwrap(),
            Effect::Unset(name) => write!(seen, "-{name} ").unwrap(),
            Effect::Source(file) => write!(seen, "source({}) ", word(&file)).unwrap(),
            Effect::Enter(to) => write!(seen, "cd({}) ", to.map_or("?".to_owned(), |to| word(&to))).unwrap(),
            other => write!(seen, "{other:?} ").unwrap(),
        }
    }
    assert_eq!(
        seen,
        "A=1 B=2 C=<D>! E! F=g! H=? I=? -J source(./env.sh) Eval Trace(true) Trace(false) ExportAll(true) cd(build) \
         cd(?) L=m N=? "
    );
}

#[test]
fn programs_are_seen_through_wrappers() {
    let script = Script::parse([
        "sudo -u root -E env A=1 timeout 5m ./bin/aws s3 ls --region=eu-west-1 --profile \"$P\"",
        "B=2 time npx cdk deploy",
        "$PROGRAM x",
    ]);
    let first = script.commands[0].invocation().unwrap();
    assert_eq!((&*first.program, &*first.path), ("aws", "./bin/aws"));
    assert_eq!(first.environment[0].name, "A");
    assert_eq!(first.option("--region").unwrap().literal().as_deref(), Some("eu-west-1"));
    assert_eq!(first.option("--profile").unwrap().variable().unwrap().name, "P");
    assert!(first.has_flag(&["--region"]) && !first.has_flag(&["--query"]));
    let second = script.commands[1].invocation().unwrap();
    assert_eq!((&*second.program, second.arguments.len()), ("npx", 2));
    assert_eq!(script.commands[2].invocation(), None);
}

/// A small deterministic generator (xorshift), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

#[test]
fn any_text_is_read_without_a_panic_and_with_ranges_inside_it() {
    const PIECES: [&str; 62] = [
        "if ", "then ", "elif ", "else ", "fi", "for ", "in ", "do ", "done", "case ", "esac", "while ", "{ ", "}",
        "(", ")", "((", "))", "[[ ", "]]", ";", ";;", ";&", "&", "&&", "|", "||", "|&", "\n", " ", "\t", "\\", "\\\n",
        "'", "\"", "`", "$", "$(", "$((", "${", "${{", "${X:-", "$X", "$'", "$\"", "<", ">", ">>", "<<", "<<EOF\n",
        "EOF\n", "<<<", ">&", "&>", "<(", "2>", "X=", "a=(", "#", "ß", "export ", "f()",
    ];
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..20_000 {
        let items: Vec<String> = (0..=random.below(3))
            .map(|_| (0..random.below(24)).map(|_| PIECES[random.below(PIECES.len())]).collect())
            .collect();
        let script = Script::parse(items.iter().map(String::as_str));
        let length = script.text.len();
        let check = |span: Span| {
            assert!(span.start <= span.end && span.end <= length, "{span:?} in {items:?}");
            assert!(script.text.is_char_boundary(span.start) && script.text.is_char_boundary(span.end), "{items:?}");
            let (item, inside) = script.locate(span);
            assert!(inside.start <= inside.end && inside.end <= items[item].len(), "{span:?} in {items:?}");
        };
        for command in &script.commands {
            check(command.span);
            command.words.iter().for_each(|word| check(word.span));
            command.redirections.iter().for_each(|redirection| check(redirection.target.span));
            command.expansions().iter().for_each(|expansion| check(expansion.span));
            if let Output::Pipe(to) = command.context.output {
                assert!(to < script.commands.len(), "{items:?}");
            }
            let _ = (command.effects(), command.invocation());
        }
        script.unparsed.iter().copied().for_each(check);
    }
}

#[test]
fn depth_is_bounded_and_time_is_linear() {
    for (open, close) in [
        ("$(", ")"),
        ("\"$(", ")\""),
        ("${a:-", "}"),
        ("(", ")"),
        ("{ ", "; }"),
        ("if a; then ", "; fi"),
        ("`", ""),
        ("$((", "))"),
        ("[[ a\n", ""),
        ("\"$(\n", ""),
        ("<(", ")"),
        ("case a in b) ", ";; esac"),
        ("a <<E\n", ""),
        ("x=(\n", ""),
        ("'\n", ""),
        ("} | '\n", ""),
        ("f() ", ""),
        ("a |", ""),
        ("a &&\n", ""),
        ("$((a\n", ""),
        ("{ a; } | '\n", ""),
        ("${a[", ""),
    ] {
        assert_linear(open, 10_000, |size| {
            let text = format!("echo {}x{}", open.repeat(size), close.repeat(size));
            let _ = Script::parse([text.as_str()]);
        });
    }
}

#[test]
fn what_a_failure_does_is_read() {
    let mut wrong = Vec::new();
    for (text, expected) in [
        ("a; b", "exits exits"),
        ("a && b", "skips exits"),
        ("a && b || c", "decides decides exits"),
        ("a || b && c", "decides skips exits"),
        ("! a", "decides"),
        ("! a | b; c", "decides decides exits"),
        (
            "if a; b; then c; elif d; then e && f; else g; fi; h",
            "decides decides exits decides skips exits exits exits",
        ),
        ("while a; do b; done", "decides exits"),
        ("until a && b; do c; done", "decides decides exits"),
        ("for x in y; do a; done", "exits exits"),
        ("{ a; b; } && c", "skips skips exits"),
        ("(a && b) || c", "decides decides exits"),
        ("x=$(a && b) && c", "captured captured skips exits"),
        ("a | b && c", "exits skips exits"),
        ("a | b || c", "decides decides exits"),
        ("bash -c 'a && b'", "exits skips exits"),
    ] {
        let script = Script::parse([text]);
        let read = script.commands.iter().map(|command| match command.on_failure {
            OnFailure::Exits => "exits",
            OnFailure::SkipsList => "skips",
            OnFailure::Decides => "decides",
            OnFailure::Captured => "captured",
        });
        let read = read.collect::<Vec<_>>().join(" ");
        if read != expected {
            wrong.push(format!("{text}: {read}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
