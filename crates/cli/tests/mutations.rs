//! Thousands of broken pipelines: whatever an edit or a merge leaves behind leads to findings, never to a panic or a hang.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

const FILES: usize = 2000;
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// What is inserted at random places: YAML syntax, shell syntax, and bytes that editors leave behind.
const SNIPPETS: [&[u8]; 32] = [
    b"\t",
    b"&a ",
    b"*a ",
    b"<<: ",
    b"- ",
    b": ",
    b"{",
    b"[",
    b"]",
    b"}",
    b"\"",
    b"'",
    b"|\n",
    b">-\n",
    b"\r",
    b"\xc3\xa9",
    b"\xef\xbb\xbf",
    b"\x00",
    b"$(",
    b"`",
    b"${",
    b"!!",
    b"%",
    b"@",
    b"---\n",
    b"? ",
    b"#",
    b"\\",
    b"<<EOF\n",
    b"step:",
    b"\xf0\x9f\x98\x80",
    b"\xff",
];

/// Pseudorandom numbers, the same in every run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap_or_default()
    }
}

#[test]
fn no_broken_pipeline_breaks_the_command() -> io::Result<()> {
    let mut originals = Vec::new();
    collect_pipelines(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), &mut originals)?;
    originals.sort();
    assert!(originals.len() > 3, "the checkout has pipelines to break");

    let folder = tempfile::tempdir()?;
    let mut numbers = Numbers(0x6b65_796c_6573_7300);
    for number in 0..FILES {
        let mut text = fs::read(&originals[numbers.below(originals.len())])?;
        for _ in 0..=numbers.below(6) {
            mutate(&mut text, &mut numbers);
        }
        fs::write(folder.path().join(format!("{number}.yml")), text)?;
    }

    let runs: [(&[&str], i32); 5] = [
        (&["--min-severity", "hint"], 1),
        (&["--format", "sarif"], 1),
        (&["--diff"], 1),
        (&["--fix"], 1),
        // nothing is left to fix after that
        (&["--diff"], 0),
    ];
    for (arguments, status) in runs {
        let started = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_keyless"));
        let output = command.arg("lint").args(arguments).arg(folder.path()).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let end = String::from_utf8_lossy(&output.stdout[output.stdout.len().saturating_sub(2000)..]);
        assert_eq!((output.status.code(), &*said), (Some(status), ""), "{arguments:?} ended with\n{end}");
        assert!(started.elapsed() < TIME_LIMIT, "{arguments:?} took {:?}", started.elapsed());
    }
    Ok(())
}

fn mutate(text: &mut Vec<u8>, numbers: &mut Numbers) {
    let at = numbers.below(text.len() + 1);
    match numbers.below(10) {
        0..5 => {
            let snippet = SNIPPETS[numbers.below(SNIPPETS.len())];
            text.splice(at..at, snippet.iter().copied());
        }
        5..8 => {
            let end = text.len().min(at + 1 + numbers.below(30));
            text.drain(at..end);
        }
        8 => {
            let from = numbers.below(text.len() + 1);
            let copied = text[from..text.len().min(from + numbers.below(200))].to_vec();
            text.splice(at..at, copied);
        }
        _ => text.truncate(at),
    }
}

/// The pipelines among this repository's examples and test data.
fn collect_pipelines(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            let is_ours = !name.to_string_lossy().starts_with('.') && name != "node_modules" && name != "target";
            if is_ours {
                collect_pipelines(&path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            found.push(path);
        }
    }
    Ok(())
}
