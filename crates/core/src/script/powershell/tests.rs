use std::fmt::Write;

use crate::{
    growth::assert_linear,
    script::{Assignment, Command, Operator, Output, Part, RedirectionKind, Script, Word},
};

/// A word with `$NAME` for variables, `?NAME` for those whose value is unknown, `(0..1)` for substitutions.
fn shown(word: &Word) -> String {
    let mut text = String::new();
    for part in &word.parts {
        let _ = match part {
            Part::Text { text: part, .. } => write!(text, "{part}"),
            Part::Variable(expansion) if expansion.operator == Operator::None => write!(text, "${}", expansion.name),
            Part::Variable(expansion) => write!(text, "?{}", expansion.name),
            Part::Substitution { commands, .. } => write!(text, "({commands:?})"),
            Part::Other { .. } => write!(text, "~"),
        };
    }
    text
}

fn command(command: &Command) -> String {
    let assignments = command.assignments.iter().map(|Assignment { name, append, value, .. }| {
        format!("{name}{}{}", if *append { "+=" } else { "=" }, shown(value))
    });
    let mut words: Vec<String> = assignments.chain(command.words.iter().map(shown)).collect();
    for redirection in &command.redirections {
        let operator = match redirection.kind {
            RedirectionKind::Output => ">",
            RedirectionKind::Append => ">>",
            RedirectionKind::OutputAndErrors => "&>",
            RedirectionKind::Duplicate => ">&",
            _ => "?",
        };
        words.push(format!("{}{operator}{}", redirection.descriptor, shown(&redirection.target)));
    }
    match command.context.output {
        Output::Log => {}
        Output::Pipe(to) => words.push(format!("|{to}")),
        Output::Capture => words.push("captured".to_owned()),
    }
    if command.context.conditional {
        words.push("maybe".to_owned());
    }
    words.join(" ")
}

fn read(text: &str) -> String {
    let script = Script::parse_powershell([text]);
    let commands = script.commands.iter().map(command);
    let unparsed = script.unparsed.iter().map(|span| format!("unparsed {}", script.slice(*span)));
    commands.chain(unparsed).collect::<Vec<_>>().join("; ")
}

#[test]
fn statements_become_commands_of_the_shell() {
    let mut wrong = Vec::new();
    for (text, expected) in [
        ("Write-Host \"token $env:TOKEN\"", "echo token $TOKEN"),
        ("write-output ${env:TOKEN} -NoEnumerate", "echo $TOKEN"),
        ("Write-Host -ForegroundColor Green -Object $env:A", "echo $A"),
        ("echo 'it''s $env:A'", "echo it's $env:A"),
        ("aws s3 ls`\n  --recursive", "aws s3 ls --recursive"),
        ("aws s3 ls`\r\n  $env:A`\r\n", "aws s3 ls $A"),
        ("aws`\rs3 ls", "aws\rs3 ls"),
        ("Write-Host \"a`$env:A `\"b`\" \"\"c\"\" $($env:B)\"", "echo $B captured; echo a$env:A \"b\" \"c\" (0..1)"),
        ("$env:TOKEN", "echo $TOKEN"),
        ("\"x $env:TOKEN\"", "echo x $TOKEN"),
        ("$env:A = 'x'", "export A=x"),
        ("$Env:A += \";$env:B\"", "export A+=;$B"),
        ("${env:A}=\"x\"; $b = $env:A", "export A=x; variable:b=$A"),
        ("[string]$Token = $env:A.Trim()", "variable:token=$A"),
        ("$a = $env:A.Substring(0, 4)", "variable:a=?A~~"),
        ("$a = [string]$env:A", "variable:a=$A"),
        ("$a = \"x\" + $env:A + 'y'", "variable:a=x$Ay"),
        ("\"{0}!\" -f $env:A", "echo {0}!$A"),
        ("$a = $env:A -replace 'x', 'y'", "variable:a=?A~"),
        (
            "$a = aws sts get-caller-identity --output json",
            "aws sts get-caller-identity --output json captured; \
            variable:a=(0..1)",
        ),
        ("$a = (Get-Content token.txt)", "cat token.txt captured; variable:a=(0..1)"),
        ("$a = $env:A | ConvertTo-Json", "echo $A |1; ConvertTo-Json captured; variable:a=(0..2)"),
        ("Set-Content -Path .\\token.txt -Value $env:TOKEN -NoNewline", "echo $TOKEN 1>./token.txt"),
        ("Set-Content token.txt $env:TOKEN", "echo $TOKEN 1>token.txt"),
        ("Add-Content token.txt 'x'", "echo x 1>>token.txt"),
        (
            "$env:TOKEN | Out-File -FilePath $env:USERPROFILE\\.aws\\token -Encoding ascii",
            "echo $TOKEN |1; cat \
            1>$HOME/.aws/token",
        ),
        ("$env:TOKEN | Out-File t -Append", "echo $TOKEN |1; cat 1>>t"),
        ("$env:TOKEN | Set-Content t", "echo $TOKEN |1; cat 1>t"),
        ("Out-File -InputObject $env:A t", "echo $A 1>t"),
        ("Write-Output $env:A > t", "echo $A 1>t"),
        ("cmd *>> log.txt 2>&1", "cmd 1&>log.txt 2>&1"),
        ("$env:A | Tee-Object t", "echo $A |1; tee t"),
        ("$env:A | Out-Null", "echo $A |1; Out-Null"),
        (
            "aws.exe s3 sync .\\dist s3://bucket --region $env:AWS_REGION",
            "aws s3 sync .\\dist s3://bucket --region \
            $AWS_REGION",
        ),
        ("& \"C:\\Program Files\\tool.exe\" --name 'a b'", "C:/Program Files/tool --name a b"),
        (".\\deploy.ps1 -Token $env:TOKEN", "./deploy.ps1 -Token $TOKEN"),
        (". ./functions.ps1", ". ./functions.ps1"),
        ("aws s3 ls `\n  --recursive # all", "aws s3 ls --recursive"),
        ("<# a\nb #> aws s3 ls", "aws s3 ls"),
        ("a && b || c", "a; b; c maybe"),
        ("if ($env:A -eq 'x') { Write-Host $env:A } else { b }", "test ?A~ captured; echo $A maybe; b maybe"),
        (
            "if (!$env:A) {\n a\n}\nelseif (Test-Path x)\n{\n b\n}",
            "test ?A~ captured; a maybe; Test-Path x captured; b \
            maybe",
        ),
        (
            "foreach ($file in Get-ChildItem) { aws s3 cp $file b }",
            "for variable:file ~; aws s3 cp $variable:file b maybe",
        ),
        (
            "Get-ChildItem | ForEach-Object { Write-Host $_ }",
            "Get-ChildItem |2; echo $variable:_ maybe; ForEach-Object ~",
        ),
        ("try { a } catch { b } finally { c }", "a; b maybe; c"),
        ("function Deploy($x) { aws s3 ls }", "aws s3 ls maybe"),
        ("Get-ChildItem Env:", "printenv"),
        ("Remove-Item Env:\\AWS_PROFILE", "unset AWS_PROFILE"),
        ("Set-Item -Path Env:A -Value $env:B", "export A=$B"),
        ("Invoke-Expression $env:A", "eval $A"),
        ("cd infrastructure\\app", "cd infrastructure/app"),
        ("Copy-Item -Path a -Destination b -Recurse", "cp a b"),
        ("$x = @\"\nA $env:A\n\"@", "variable:x=A $A"),
        ("$x = @'\nA $env:A\n'@", "variable:x=A $env:A"),
        ("$h = @{ Authorization = \"Bearer $env:A\" }", "variable:h=?A~"),
        ("[Environment]::SetEnvironmentVariable('A', $env:B)", "echo ~?B~~"),
        ("$true; $null", "echo True; echo "),
        ("Write-Host \"open\naws s3 ls", "unparsed Write-Host \"open\naws s3 ls"),
        ("a )\nb", "a; b; unparsed )"),
        ("[Console]::WriteLine(\"x $env:A\")", "echo x $A"),
        ("[System.Console]::Error.Write($env:A); a", "echo $A; a"),
        ("Get-Item Env:A", "printenv A"),
        ("Get-Content env:\\A", "printenv A"),
        ("gci env: | Sort-Object Name | ft", "printenv |1; sort Name |2; cat"),
        ("pwsh -NoProfile -Command 'x'", "pwsh -NoProfile -Command x; x"),
        ("powershell -c \"Write-Host $env:A\"; b", "powershell -c Write-Host $A; echo $A; b"),
        ("pwsh -Command 'if ('; b", "pwsh -Command if (; b"),
    ] {
        let found = read(text);
        if found != expected {
            wrong.push(format!("{text}\n  found    {found}\n  expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn spans_are_those_of_the_items() {
    let script = Script::parse_powershell(["cd app", "", "Write-Host $env:A"]);
    let expansion = script.commands[1].expansions()[0].clone();
    assert_eq!(script.slice(expansion.span), "$env:A");
    assert_eq!(script.locate(expansion.span).0, 2);
    assert_eq!(script.slice(script.commands[1].span), "Write-Host $env:A");
}

#[test]
fn the_argument_of_pwsh_is_found() {
    for (text, expected) in [
        ("pwsh -c 'Write-Host x'", Some("Write-Host x")),
        ("pwsh -NoProfile -ExecutionPolicy Bypass -Command 'x'", Some("x")),
        ("powershell 'x'", Some("x")),
        ("pwsh ./deploy.ps1", None),
        ("pwsh -File x.ps1", None),
        ("bash -c x", None),
    ] {
        let script = Script::parse([text]);
        let invocation = script.commands[0].invocation().unwrap();
        let inline = invocation.inline_powershell().and_then(Word::literal);
        assert_eq!(inline.as_deref(), expected, "{text}");
    }
}

#[test]
fn the_argument_of_pwsh_is_read_in_a_shell_script() {
    for (text, expected) in [
        ("pwsh -c 'Write-Host \"$env:A\"' | tee x", "pwsh -c Write-Host \"$env:A\" |2; echo $A |2; tee x"),
        ("pwsh -Command \"Write-Host \\$env:A\" > x", "pwsh -Command Write-Host $env:A 1>x; echo \\$A 1>x"),
        // The shell would expand `$env` first.
        ("pwsh -Command \"Write-Host $env:A\"", "pwsh -Command Write-Host $env:A"),
        (
            "powershell.exe -NoProfile -Command '$env:B = 1'; aws s3 ls",
            "powershell.exe -NoProfile -Command $env:B = 1; export B=1; aws s3 ls",
        ),
    ] {
        let script = Script::parse([text]);
        let commands: Vec<_> = script.commands.iter().map(command).collect();
        assert_eq!(commands.join("; "), expected, "{text}");
    }
    let script = Script::parse(["pwsh -c 'Write-Host $env:A'"]);
    assert_eq!(script.slice(script.commands[1].expansions()[0].span), "$env:A");
}

#[test]
fn any_text_is_read_quickly_and_to_a_bounded_depth() {
    let pieces = [
        "(",
        "{",
        "$(",
        "\"",
        "'",
        "\"$(",
        "@\"\n",
        "@'\n",
        "@{",
        "if (",
        "a |",
        "a ",
        "$a = ",
        "\n(",
        "\n\"",
        "`",
        "$",
        "[",
        "[x]",
        "<#",
        "&",
        "else ",
        "$x.y",
        ")",
        "}\n",
        "ä",
        "2>",
        "foreach ($a in ",
        "${",
        "-",
    ];
    for piece in pieces {
        assert_linear(piece, 5_000, |size| {
            let text = piece.repeat(size);
            for command in &Script::parse_powershell([text.as_str()]).commands {
                assert!(text.get(command.span.start..command.span.end).is_some(), "{piece}: {command:?}");
            }
        });
    }
}
