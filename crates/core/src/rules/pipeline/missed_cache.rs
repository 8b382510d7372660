use crate::{
    analysis::{Analysis, caches::project},
    facts::StepFacts,
    pipeline::Step,
    rules::{Findings, rule},
    script::Command,
    text::Span,
};

rule! {
    /// A cache whose folder is not where the step installs.
    ///
    /// The predefined cache `node` is the folder `node_modules` of the clone, not of the directory in which `npm install`
    /// runs. A step that installs in `app` saves an empty cache, and downloads everything each time. The same happens to the
    /// caches of pip, Maven and Gradle when an option or a variable moves or turns off what they keep.
    ///
    /// ```yaml wrong
    /// image: node:22.12
    /// pipelines:
    ///   default:
    ///     - step:
    ///         caches: [node]
    ///         script:
    ///           - cd app
    ///           - npm install
    ///           - npm test
    /// ```
    ///
    /// ```yaml right
    /// image: node:22.12
    /// definitions:
    ///   caches:
    ///     app: app/node_modules
    /// pipelines:
    ///   default:
    ///     - step:
    ///         caches: [app]
    ///         script:
    ///           - cd app
    ///           - npm install
    ///           - npm test
    /// ```
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/cache-dependencies/>.
    static RULE: "missed-cache", Hint, check
}

/// What keeps a program from using a predefined cache.
struct Bypass {
    cache: &'static str,
    programs: &'static [&'static str],
    options: &'static [&'static str],
    variables: &'static [&'static str],
}

const BYPASSES: [Bypass; 5] = [
    Bypass {
        cache: "pip",
        programs: &["pip", "pip3"],
        options: &["--no-cache-dir", "--cache-dir"],
        variables: &["PIP_NO_CACHE_DIR", "PIP_CACHE_DIR"],
    },
    Bypass { cache: "maven", programs: &["mvn", "mvnw"], options: &["-Dmaven.repo.local"], variables: &[] },
    Bypass {
        cache: "gradle",
        programs: &["gradle", "gradlew"],
        options: &["-g", "--gradle-user-home"],
        variables: &["GRADLE_USER_HOME"],
    },
    Bypass {
        cache: "composer",
        programs: &["composer"],
        options: &["--no-cache"],
        variables: &["COMPOSER_HOME", "COMPOSER_CACHE_DIR"],
    },
    Bypass { cache: "dotnetcore", programs: &["dotnet"], options: &["--packages"], variables: &["NUGET_PACKAGES"] },
];

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    for (step, facts) in file.steps() {
        node_modules(file, step, facts, findings);
        for cache in step.caches.iter().filter(|cache| file.is_predefined_cache(cache.value)) {
            let Some(bypass) = BYPASSES.iter().find(|bypass| bypass.cache == cache.value) else { continue };
            if let Some((name, span)) = bypassed(bypass, facts) {
                findings
                    .report(cache.span(file.tree), format!("cache `{}` is not used, because of `{name}`", cache.value))
                    .related(span, "turns the cache off, or moves it")
                    .help(format!("remove `{name}`, or define a cache with the folder that it names"));
            }
        }
    }
}

fn node_modules(file: &Analysis<'_>, step: &Step<'_>, facts: &StepFacts, findings: &mut Findings<'_>) {
    let cached = file.cached_node_modules(step);
    let projects: Option<Vec<&str>> = facts.installs.iter().map(project).collect();
    let (Some(first), Some(projects)) = (cached.first(), projects) else { return };
    let (Some(install), Some(&project)) = (facts.installs.first(), projects.first()) else { return };
    if cached.iter().any(|cached| projects.contains(&&*cached.project)) {
        return;
    }
    let directory = |project: &str| match project {
        "" => "the clone directory".to_owned(),
        project => format!("`{project}`"),
    };
    let message = format!(
        "cache `{}` is the `node_modules` of {}, but packages are installed in {}",
        first.cache,
        directory(&first.project),
        directory(project)
    );
    let path = if project.is_empty() { "node_modules".to_owned() } else { format!("{project}/node_modules") };
    findings
        .report(first.span, message)
        .related(install.span, "installs here")
        .help(format!("define a cache with `path: {path}`"));
}

/// The option or variable that keeps every use of a program in the step from using a cache.
fn bypassed(bypass: &Bypass, facts: &StepFacts) -> Option<(String, Span)> {
    let mut found = None;
    for section in &facts.sections {
        for invocation in section.script.commands.iter().filter_map(Command::invocation) {
            let module = invocation.program.starts_with("python")
                && invocation.arguments.iter().any(|it| it.prefix() == bypass.cache);
            if !module && !bypass.programs.contains(&invocation.program.as_ref()) {
                continue;
            }
            let option = invocation.arguments.iter().find_map(|word| {
                let name = word.prefix().split('=').next()?;
                bypass.options.contains(&name).then(|| (name.to_owned(), section.place(word.span)))
            });
            let own = invocation.environment.iter().find(|it| bypass.variables.contains(&it.name.as_str()));
            let own = own.map(|assignment| (assignment.name.clone(), section.place(assignment.span)));
            let set = facts.bindings.iter().find(|it| bypass.variables.contains(&it.name.as_str()));
            let set = set.map(|binding| (binding.name.clone(), binding.span));
            // One use without them fills the cache.
            found = Some(option.or(own).or(set)?);
        }
    }
    found
}
