//! The outputs of a deployment: in a file of the clone, for later steps, and on a full disk.

use std::{
    fs,
    process::{Command, Stdio},
    sync::LazyLock,
};

use keyless_tests::{
    cloud::Cloud,
    run::{Workplace, finish},
};

static CLOUD: LazyLock<Cloud> = LazyLock::new(Cloud::start);

/// A CDK that writes outputs: a short one, and one of 64 KiB.
const CDK: &str = "const file = process.argv[process.argv.indexOf('--outputs-file') + 1];
    require('node:fs').writeFileSync(file, JSON.stringify({ Shop: { Url: 'https://shop', Long: 'x'.repeat(65536) } }));";

fn pipe(workplace: &Workplace, variables: &[(&str, &str)]) -> Command {
    let mut pipe = workplace.pipe(&CLOUD);
    pipe.env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token()).envs(variables.iter().copied());
    pipe
}

#[test]
fn outputs_are_kept_and_passed_on() {
    let workplace = Workplace::with_script_for_cdk(CDK);
    let clone = workplace.clone_folder();
    fs::write(clone.join("variables"), "BEFORE=1\n").expect("the scratch folder is writable");
    let wanted = [("OUTPUTS_FILE", "out/outputs.json"), ("BITBUCKET_PIPELINES_VARIABLES_PATH", "variables")];
    let finished = finish(&mut pipe(&workplace, &wanted));
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    let outputs = fs::read_to_string(clone.join("out/outputs.json")).expect("the outputs are written");
    assert!(outputs.starts_with("{\"Shop\":{\"Url\":\"https://shop\","), "{outputs}");
    let variables = fs::read_to_string(clone.join("variables")).expect("the variables are written");
    assert!(variables.starts_with("BEFORE=1\nShop_Long=xxx"), "{variables}");
    assert!(variables.ends_with("\nShop_Url=https://shop\n"), "{variables}");
    let said = "✔ passed to later steps that list them under `output-variables`: Shop_Long, Shop_Url";
    assert!(finished.stdout.lines().any(|line| line == said), "{finished:#?}");
    let left = fs::read_dir(workplace.folder().join("tmp")).expect("the folder is readable").count();
    assert_eq!(left, 0, "files left in the folder for temporary ones");
}

#[test]
fn a_full_device_ends_in_one_clear_line() {
    let workplace = Workplace::with_script_for_cdk(CDK);
    let finished = finish(&mut pipe(&workplace, &[("OUTPUTS_FILE", "/dev/full")]));
    let said = "✖ the stacks are deployed, but the outputs could not be saved: cannot write /dev/full: No space left on device (os error \
                28)\n";
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(1), said), "{finished:#?}");
}

#[test]
fn a_full_disk_leaves_no_half_of_a_file() {
    let workplace = Workplace::with_script_for_cdk(CDK);
    let full = workplace.clone_folder().join("full");
    fs::create_dir(&full).expect("the scratch folder is writable");
    let namespace = ["--user", "--map-root-user", "--mount"];
    if !Command::new("unshare")
        .args(namespace)
        .arg("true")
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|made| made.success())
    {
        println!("not run: the system lets nobody mount a small disk");
        return;
    }
    let ran = pipe(
        &workplace,
        &[("OUTPUTS_FILE", "full/outputs.json"), ("BITBUCKET_PIPELINES_VARIABLES_PATH", "full/variables")],
    );
    let mut command = Command::new("unshare");
    command.args(namespace).args(["sh", "-c"]).arg(
        "mount -t tmpfs -o size=16k tmpfs full && echo old >full/outputs.json && echo OLD=1 >full/variables
         \"$1\"; code=$?; ls full >&2; cat full/* >&2; exit $code",
    );
    command.arg("sh").arg(ran.get_program()).current_dir(workplace.clone_folder()).env_clear();
    command.envs(ran.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let finished = finish(command.stdin(Stdio::null()));
    let said = format!(
        "✖ the stacks are deployed, but the outputs could not be saved: cannot write {}: No space left on device (os error 28)\n\
         outputs.json\nvariables\nold\nOLD=1\n",
        full.join("outputs.json").display()
    );
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(1), said.as_str()), "{finished:#?}");
    // Without an outputs file there are only the step's variables: nothing fails, and nothing is half written.
    command.env_remove("OUTPUTS_FILE");
    let finished = finish(command.stdin(Stdio::null()));
    let said = "! the outputs could not be passed to later steps: cannot write full/variables: No space left on device (os error 28)";
    assert!(finished.stdout.lines().any(|line| line == said), "{finished:#?}");
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), "outputs.json\nvariables\nold\nOLD=1\n"));
}
