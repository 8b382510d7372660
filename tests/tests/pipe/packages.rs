//! Package managers logged in to CodeArtifact: the real npm against a registry that requires the token.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    sync::{Arc, LazyLock},
    thread,
    time::{Duration, Instant},
};

use keyless_tests::{
    cloud::Cloud,
    codeartifact::{CodeArtifact, PACKAGE},
    run::{Finished, Running, Workplace, finish},
    secrets,
};
use rustix::process::{Pid, Signal, kill_process};

static CLOUD: LazyLock<Arc<Cloud>> = LazyLock::new(|| Arc::new(Cloud::start()));

fn codeartifact() -> CodeArtifact {
    let cloud = Arc::clone(&CLOUD);
    CodeArtifact::start(move || cloud.sts.issued())
}

/// A run that logs some tools in.
fn pipe(workplace: &Workplace, codeartifact: &CodeArtifact, tools: &str) -> Command {
    let mut pipe = workplace.pipe(&CLOUD);
    pipe.env("BITBUCKET_STEP_OIDC_TOKEN", CLOUD.token()).env("AWS_ENDPOINT_URL_CODEARTIFACT", codeartifact.url());
    pipe.env("CODEARTIFACT_DOMAIN", "acme").env("CODEARTIFACT_REPOSITORY", "shop").env("CODEARTIFACT_TOOLS", tools);
    pipe
}

fn assert_no_secret(workplace: &Workplace, codeartifact: &CodeArtifact, finished: &Finished) {
    let mut hidden = CLOUD.sts.issued();
    hidden.push(codeartifact.token().to_owned());
    assert_eq!(secrets::in_text("output", (finished.stdout.clone() + &finished.stderr).as_bytes(), &hidden), []);
    assert_eq!(secrets::below(workplace.folder(), &hidden), []);
}

fn write_package_json(folder: &Path) {
    let manifest = format!(r#"{{"name":"app","version":"1.0.0","dependencies":{{"{PACKAGE}":"1.0.0"}}}}"#);
    fs::create_dir_all(folder).expect("the scratch folder is writable");
    fs::write(folder.join("package.json"), manifest).expect("the scratch folder is writable");
}

#[test]
fn npm_installs_a_private_package_before_the_cdk_runs() {
    let workplace = Workplace::with_script_for_cdk(&format!(
        "console.log('found', require.resolve('{PACKAGE}/package.json', {{ paths: ['./service'] }}));"
    ));
    write_package_json(&workplace.clone_folder().join("service"));
    let home = workplace.folder().join("home");
    fs::write(home.join(".npmrc"), "fund=false").expect("the scratch folder is writable");
    let install = "sh -c 'npm install --no-audit --prefix service && env | sed s/=.*// >seen && cat ~/.npmrc >npmrc'";
    let codeartifact = codeartifact();
    let finished = finish(pipe(&workplace, &codeartifact, "npm").env("INSTALL", install));
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(
        finished.stdout.contains("✔ npm logged in to CodeArtifact acme/shop until the session ends\n"),
        "{finished:#?}"
    );
    assert!(finished.stdout.contains(&format!("node_modules/{PACKAGE}/package.json\n")), "{finished:#?}");
    let read = |name: &str| fs::read_to_string(workplace.clone_folder().join(name)).expect("the installer wrote it");
    let seen = read("seen");
    assert!(seen.lines().any(|name| name == "CODEARTIFACT_AUTH_TOKEN"), "{seen}");
    for name in ["AWS_CONTAINER", "AWS_SESSION_TOKEN", "BITBUCKET_STEP_OIDC_TOKEN", "CODEARTIFACT_DOMAIN"] {
        assert!(!seen.contains(name), "the installer sees {name}");
    }
    let host = codeartifact.url().trim_start_matches("http:");
    assert_eq!(read("npmrc"), format!("fund=false\n{host}/npm/shop/:_authToken=${{CODEARTIFACT_AUTH_TOKEN}}\n"));
    assert_eq!(fs::read_to_string(home.join(".npmrc")).as_deref().ok(), Some("fund=false"));
    let asked = codeartifact.asked();
    assert_eq!(asked[..2], ["POST /v1/authorization-token", "GET /v1/repository/endpoint"], "{asked:?}");
    assert_no_secret(&workplace, &codeartifact, &finished);
}

#[test]
fn the_command_of_a_step_is_logged_in_too() {
    let workplace = Workplace::empty();
    write_package_json(&workplace.clone_folder());
    let codeartifact = codeartifact();
    let pipe = pipe(&workplace, &codeartifact, "npm");
    let mut step = workplace.step(&CLOUD, "keyless");
    step.envs(pipe.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let finished = finish(step.args(["exec", "--", "npm", "install", "--no-audit", "--no-fund"]));
    assert_eq!(finished.code, Some(0), "{finished:#?}");
    assert!(workplace.clone_folder().join("node_modules").join(PACKAGE).is_dir(), "{finished:#?}");
    assert_no_secret(&workplace, &codeartifact, &finished);
}

#[test]
fn without_the_login_the_package_is_refused() {
    let workplace = Workplace::empty();
    write_package_json(&workplace.clone_folder());
    let codeartifact = codeartifact();
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--registry"]).arg(format!("{}/npm/shop/", codeartifact.url()));
    npm.current_dir(workplace.clone_folder()).env("HOME", workplace.folder().join("home"));
    let finished = finish(&mut npm);
    assert!(finished.code != Some(0) && finished.stderr.contains("E401"), "{finished:#?}");
}

#[test]
fn a_file_with_a_secret_is_gone_after_a_signal() {
    let workplace = Workplace::empty();
    let (codeartifact, netrc) = (codeartifact(), workplace.folder().join("home/.netrc"));
    let mut command = pipe(&workplace, &codeartifact, "swift");
    command.env("COMMAND", "exec").env("EXTRA_ARGS", "sleep 600");
    let run = Running::start(&mut command, &workplace);
    let deadline = Instant::now() + Duration::from_secs(30);
    let token = codeartifact.token();
    let holds_token = || fs::read_to_string(&netrc).is_ok_and(|text| text.contains(token));
    while !holds_token() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    let said = fs::read_to_string(&netrc).unwrap_or_default();
    assert_eq!(said, format!("machine 127.0.0.1 login token password {token}\n"));
    assert_eq!(fs::metadata(&netrc).expect("it is there").permissions().mode() & 0o777, 0o600);
    thread::sleep(Duration::from_millis(200));
    let id = Pid::from_raw(run.id().try_into().expect("process ids are small")).expect("process ids are not zero");
    kill_process(id, Signal::TERM).expect("the pipe runs");
    let finished = run.finish();
    assert_eq!(finished.code, Some(143), "{finished:#?}");
    assert_no_secret(&workplace, &codeartifact, &finished);
    assert!(!netrc.exists());
}

#[test]
fn a_refused_login_says_what_to_change() {
    let workplace = Workplace::empty();
    let run = |codeartifact: &CodeArtifact, variables: &[(&str, &str)]| {
        let mut pipe = pipe(&workplace, codeartifact, "pip");
        pipe.env("COMMAND", "exec").env("EXTRA_ARGS", "true").envs(variables.iter().copied());
        finish(&mut pipe).stderr
    };
    assert_eq!(
        run(&CodeArtifact::start(Vec::new), &[]),
        "  help: grant codeartifact:GetAuthorizationToken, codeartifact:GetRepositoryEndpoint, \
         codeartifact:ReadFromRepository and sts:GetServiceBearerToken to the role, as the managed policy \
         AWSCodeArtifactReadOnlyAccess does\n\
         ✖ CodeArtifact refused the login: AccessDeniedException: the request is not signed by a session\n"
    );
    assert_eq!(
        run(&codeartifact(), &[("CODEARTIFACT_DOMAIN", "acne")]),
        "  help: compare CODEARTIFACT_DOMAIN, CODEARTIFACT_REPOSITORY, CODEARTIFACT_DOMAIN_OWNER (the domain's account) and \
         CODEARTIFACT_REGION with the output of `aws codeartifact list-repositories`\n\
         ✖ CodeArtifact refused the login: ResourceNotFoundException: Domain not found\n"
    );
    assert_eq!(
        run(&codeartifact(), &[("CODEARTIFACT_TOOLS", "npn")]),
        "  invalid value for CODEARTIFACT_TOOLS; did you mean `npm`? allowed: npm, pnpm, yarn, bun, pip, uv, poetry, twine, \
         maven, gradle, nuget, cargo, swift\n\
         ✖ 1 invalid setting; nothing was run\n"
    );
}
