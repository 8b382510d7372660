use std::collections::{HashMap, HashSet};

use crate::{
    analysis::Analysis,
    pipeline::{Download, Pipeline, Text, Upload},
    rules::{Findings, rule},
    spelling,
    yaml::NodeId,
};

rule! {
    /// A step that downloads an artifact which no earlier step uploads under that name.
    ///
    /// `download` takes the names that `upload` gives to artifacts, and only artifacts of earlier steps exist. An artifact
    /// of the type `scoped` or `test-reports` does not reach other steps.
    ///
    /// ```yaml wrong
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script: [npm run build]
    ///           artifacts:
    ///             upload:
    ///               - name: site
    ///                 paths: [dist/**]
    ///       - step:
    ///           script: [./deploy.sh]
    ///           artifacts:
    ///             download: [sites]
    /// ```
    ///
    /// ```yaml right
    /// pipelines:
    ///   branches:
    ///     main:
    ///       - step:
    ///           script: [npm run build]
    ///           artifacts:
    ///             upload:
    ///               - name: site
    ///                 paths: [dist/**]
    ///       - step:
    ///           script: [./deploy.sh]
    ///           artifacts:
    ///             download: [site]
    /// ```
    ///
    /// A pipeline that another one starts, or that starts others, may get artifacts from there and is not checked.
    ///
    /// Source: <https://support.atlassian.com/bitbucket-cloud/docs/use-artifacts-in-steps>.
    static RULE: "undefined-artifact", Warning, check
}

fn check(file: &Analysis<'_>, findings: &mut Findings<'_>) {
    let children: HashSet<&str> = file.model.steps.iter().filter_map(|step| Some(step.custom?.value)).collect();
    let mut reported: HashSet<NodeId> = HashSet::new();
    for pipeline in &file.model.pipelines {
        let parent = pipeline.steps().any(|id| file.model.step(id).is_child_pipeline);
        if !parent && !children.contains(pipeline.name.value) {
            in_pipeline(file, pipeline, &mut reported, findings);
        }
    }
}

fn in_pipeline<'f>(
    file: &Analysis<'f>,
    pipeline: &Pipeline<'f>,
    reported: &mut HashSet<NodeId>,
    findings: &mut Findings<'_>,
) {
    // By name: the first turn that uploads it, and whether any upload of that turn or before reaches other steps.
    let mut uploads: HashMap<&str, (usize, &Upload<'f>)> = HashMap::new();
    let turns = pipeline.turns();
    for (number, turn) in turns.iter().enumerate() {
        for upload in turn.iter().flat_map(|id| &file.model.step(*id).artifacts.uploads) {
            let Some(name) = upload.name else { continue };
            let known = uploads.entry(name.value).or_insert((number, upload));
            if !known.1.is_shared() && upload.is_shared() {
                *known = (number, upload);
            }
        }
    }
    let mut names_of_uploads: Vec<&str> = uploads.keys().copied().collect();
    names_of_uploads.sort_unstable();
    for (number, turn) in turns.iter().enumerate() {
        for step in turn.iter().map(|id| file.model.step(*id)) {
            let Download::Named(names) = &step.artifacts.download else { continue };
            for name in names {
                let found = uploads.get(name.value);
                if found.is_some_and(|(turn, upload)| *turn < number && upload.is_shared())
                    || !reported.insert(name.node)
                {
                    continue;
                }
                report(
                    file,
                    *name,
                    found.copied().map(|(turn, upload)| (turn < number, upload)),
                    &names_of_uploads,
                    findings,
                );
            }
        }
    }
}

fn report<'f>(
    file: &Analysis<'f>,
    name: Text<'f>,
    found: Option<(bool, &Upload<'f>)>,
    names: &[&str],
    findings: &mut Findings<'_>,
) {
    let span = name.span(file.tree);
    let written = name.value;
    let Some((earlier, upload)) = found else {
        let finding = findings.report(span, format!("no earlier step uploads an artifact named `{written}`"));
        match spelling::nearest(written, names.iter().copied()) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None if written.contains(['/', '*', '.']) => finding.help("use the `name` of the upload, not a path"),
            None => finding.help("use the `name` of an upload of an earlier step"),
        };
        return;
    };
    let place = upload.name.map_or(span, |name| name.span(file.tree));
    if earlier {
        findings
            .report(span, format!("artifact `{written}` cannot be downloaded: only artifacts of type `shared` can"))
            .related(upload.kind.map_or(place, |kind| kind.span(file.tree)), "uploaded here")
            .help("remove `type` from that upload, or use `type: shared`");
    } else {
        findings
            .report(span, format!("artifact `{written}` is uploaded only later"))
            .related(place, "uploaded here")
            .help("move this step behind the one that uploads it");
    }
}
