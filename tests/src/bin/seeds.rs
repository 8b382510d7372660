//! Writes what fuzzing starts from: `seeds <folder>` makes a folder for every target in it.
#![allow(clippy::expect_used, clippy::print_stderr)]

use std::{env, fs, path::PathBuf};

use keyless_tests::seeds;

fn main() {
    let mut arguments = env::args_os().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        eprintln!("usage: seeds <folder> <target>...");
        return;
    };
    for target in arguments {
        let target = target.to_string_lossy();
        let folder = folder.join(&*target);
        fs::create_dir_all(&folder).expect("the folder is writable");
        for (number, text) in seeds::of(&target).into_iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), text).expect("the folder is writable");
        }
    }
}
