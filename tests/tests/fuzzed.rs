//! The fuzz targets over a fixed corpus: the seeds, what once was a crash, and seeds that are broken in the same way in every run.
#![allow(clippy::expect_used, clippy::panic)] // clippy knows functions with #[test] alone as tests

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use keyless_tests::{checkout, numbers::Numbers, seeds};

#[path = "../fuzz/src/targets.rs"]
#[allow(unreachable_pub, reason = "the fuzz targets use it as a library")]
mod targets;

/// How many broken seeds each target gets.
const BROKEN: usize = 150;

/// Longer seeds say the same and take longer.
const LONGEST: usize = 6000;

const PIECES: [&[u8]; 20] = [
    b"\t",
    b"\r\n",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\0",
    b"- ",
    b": ",
    b"{",
    b"]",
    b"\"",
    b"'",
    b"|\n",
    b"*a ",
    b"&a ",
    b"<<: ",
    b"$(",
    b"${",
    b"\\",
    "🚀".as_bytes(),
    b"<<E\n",
];

fn broken(seed: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len() + 1);
        match numbers.below(4) {
            0 | 1 => drop(bytes.splice(at..at, PIECES[numbers.below(PIECES.len())].iter().copied())),
            2 => drop(bytes.drain(at..bytes.len().min(at + 1 + numbers.below(30)))),
            _ => bytes.truncate(at.max(bytes.len() / 2)),
        }
    }
    bytes
}

/// Inputs that once broke a target, in the folder of its name.
fn crashes(target: &str) -> Vec<Vec<u8>> {
    let folder = checkout::root().join("tests/fuzz/crashes").join(target);
    let files = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    files.map(|file| fs::read(file.path()).expect("the checkout can be read")).collect()
}

/// The inputs that break a target.
fn breaking(name: &str, target: fn(&[u8])) -> Vec<String> {
    let mut numbers = Numbers(0x6675_7a7a);
    let seeds: Vec<_> =
        seeds::of(name).into_iter().map(String::into_bytes).filter(|seed| seed.len() < LONGEST).collect();
    assert!(seeds.len() > 3, "{name} has {} seeds", seeds.len());
    let broken: Vec<_> = (0..BROKEN).map(|_| broken(&seeds[numbers.below(seeds.len())], &mut numbers)).collect();
    let inputs = crashes(name).into_iter().chain(seeds).chain(broken);
    let breaks = |input: &Vec<u8>| catch_unwind(AssertUnwindSafe(|| target(input))).is_err();
    inputs.filter(breaks).map(|input| format!("`{name}` breaks over:\n{}", String::from_utf8_lossy(&input))).collect()
}

#[test]
fn every_target_holds_over_its_corpus() {
    let all = |targets: &[targets::Target]| -> Vec<String> {
        targets.iter().flat_map(|(name, target)| breaking(name, *target)).collect()
    };
    let (left, right) = targets::TARGETS.split_at(targets::TARGETS.len() / 2);
    let found = thread::scope(|scope| {
        let other = scope.spawn(|| all(left));
        let own = all(right);
        [other.join().expect("panics are caught"), own].concat()
    });
    assert!(found.is_empty(), "{} inputs\n{}", found.len(), found.join("\n==\n"));
}
