//! Paths in this checkout.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use snapbox::Data;
use tempfile::TempDir;

/// The variable that names the image whose binaries the tests of the pipe run.
pub const TEST_IMAGE: &str = "KEYLESS_TEST_IMAGE";

/// The root of the checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests' crate is in the checkout")
}

/// The expected output `tests/expected/<name>`, to be compared with `snapbox::assert_data_eq!`: literally, without
/// wildcards. `SNAPSHOTS=overwrite` updates it.
pub fn expected(name: &str) -> Data {
    Data::read_from(&root().join("tests/expected").join(name), None).raw()
}

/// A binary of the workspace, in the folder of the running one. `cargo test --workspace` builds it, because its package has
/// integration tests; with `--test` it builds only what is named, and an old binary would be tested.
///
/// # Panics
/// When it was not built.
pub fn binary(name: &str) -> PathBuf {
    let own = env::current_exe().expect("a running program has a file");
    let folders = own.ancestors().skip(1).take(2);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file()).unwrap_or_else(|| {
        panic!(
            "{name} is not built in the folder of {}: run `cargo test --workspace`, or `cargo build --workspace --bins` first",
            own.display()
        )
    })
}

/// One of the binaries that the image has: as [`binary`], or in the image that `KEYLESS_TEST_IMAGE` names.
///
/// # Panics
/// When it was not built.
pub fn shipped_binary(name: &str) -> PathBuf {
    match env::var_os(TEST_IMAGE) {
        Some(_) => root().join("tests/in-image").join(name),
        None => binary(name),
    }
}

/// An empty folder in `.scratch/` that is removed when dropped.
///
/// # Panics
/// When the checkout cannot be written to.
pub fn scratch(name: &str) -> TempDir {
    let parent = root().join(".scratch");
    fs::create_dir_all(&parent).expect("the checkout is writable");
    tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(parent).expect("the checkout is writable")
}

/// A copy of the demo app, so that runs do not share a `cdk.out`. Its packages are linked.
///
/// # Panics
/// When `tests/install.sh` was not run, or the target cannot be written to.
pub fn copy_demo_app(target: &Path) {
    let demo = root().join("demo");
    let packages = demo.join("node_modules");
    assert!(packages.join("aws-cdk").is_dir(), "the demo app is not installed: run tests/install.sh");
    fs::create_dir_all(target.join("site")).expect("the target is writable");
    for file in ["app.js", "cdk.json", "package.json", "site/index.html"] {
        fs::copy(demo.join(file), target.join(file)).expect("the demo app is complete");
    }
    std::os::unix::fs::symlink(packages, target.join("node_modules")).expect("the target is writable");
}
