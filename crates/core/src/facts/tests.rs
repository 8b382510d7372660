use std::fmt::Write as _;

use super::*;
use crate::{pipeline, yaml};

/// The facts of a single step, one a line in the order of their kinds.
fn dump(script: &str) -> String {
    let text = format!("pipelines:\n  default:\n    - step:\n        script:\n{script}");
    let (tree, problems) = yaml::parse(&text, yaml::Limits::default());
    assert_eq!(problems, [], "{text}");
    let file = pipeline::read(&tree);
    let facts = read(&text, &tree, &file);
    let step = &facts.steps[0];
    let at = |span: Span| &text[span.start..span.end];
    let mut out = String::new();
    for binding in &step.bindings {
        write!(out, "set {} = {}", binding.name, unnumbered(&binding.value.to_string())).unwrap();
        out.push_str(if binding.exported { " exported" } else { "" });
        out.push_str(if binding.partial { " partial\n" } else { "\n" });
    }
    for read in step.reads.iter().filter(|read| !read.set_before) {
        writeln!(out, "read {}{}", at(read.span), if read.optional { " optional" } else { "" }).unwrap();
    }
    for write in &step.writes {
        let path = write.path.written().unwrap_or("?");
        writeln!(out, "write {path} <- {}", unnumbered(&write.content.to_string())).unwrap();
    }
    for tool in &step.tools {
        let credentials = step.credentials(tool);
        writeln!(out, "run {} `{}` {:?} with {credentials:?}", tool.call.tool.name, at(tool.span), tool.call.calls)
            .unwrap();
    }
    for pipe in &step.pipes {
        let variables: Vec<_> =
            pipe.variables.iter().map(|variable| format!("{}={}", variable.name, variable.value)).collect();
        writeln!(out, "pipe {} {}", pipe.name, variables.join(" ")).unwrap();
    }
    for assumption in &step.assumptions {
        let printed = if assumption.printed { "printed" } else { "captured" };
        writeln!(out, "assume `{}` {printed}", at(assumption.span)).unwrap();
    }
    out
}

/// Places of unknown values mean nothing to a reader.
fn unnumbered(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("$(") {
        out.push_str(before);
        out.push('?');
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    out + rest
}

#[test]
fn facts_of_steps() {
    let wrong: Vec<String> = CASES
        .iter()
        .map(|(script, expected)| (script, expected, dump(script)))
        .filter(|(_, expected, read)| read != *expected)
        .map(|(script, expected, read)| format!("{script}-- expected\n{expected}-- read\n{read}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

const CASES: &[(&str, &str)] = &[
    (
        "          - echo 'export AWS_REGION=eu-west-1' > /tmp/env\n          - echo 'A=$AWS_REGION' >> /tmp/env\n\
         \u{20}         - . /tmp/env\n          - aws s3 ls $A\n",
        "set AWS_REGION = eu-west-1 exported\nset A = eu-west-1\nwrite /tmp/env <- export AWS_REGION=eu-west-1\n\
         write /tmp/env <- A=$AWS_REGION\nrun AWS CLI `aws s3 ls $A` Reads with Outside\n",
    ),
    (
        "          - echo A=b >> ./env\n          - source ./env\n          - aws s3 ls\n",
        "write $BITBUCKET_CLONE_DIR/env <- A=b\nrun AWS CLI `aws s3 ls` Reads with Session\n",
    ),
    (
        "          - \"sudo -E bash -ec 'export AWS_PROFILE=x\\n aws s3 ls $BUCKET | cat'\"\n",
        "set AWS_PROFILE = x exported partial\nread $BUCKET\n\
         run AWS CLI `aws s3 ls $BUCKET` Reads with Profile\n",
    ),
    (
        "          - export AWS_WEB_IDENTITY_TOKEN_FILE=$(pwd)/web-identity-token
          - echo $BITBUCKET_STEP_OIDC_TOKEN > $(pwd)/web-identity-token
          - aws codeartifact login --tool npm --domain d --repository r
",
        "set AWS_WEB_IDENTITY_TOKEN_FILE = $BITBUCKET_CLONE_DIR/web-identity-token exported
read $BITBUCKET_STEP_OIDC_TOKEN
write $BITBUCKET_CLONE_DIR/web-identity-token <- ${BITBUCKET_STEP_OIDC_TOKEN}
run AWS CLI `aws codeartifact login --tool npm --domain d --repository r` Reads with WebIdentity
",
    ),
    (
        "          - cd infra && F=../t && printf '%s' \"$BITBUCKET_STEP_OIDC_TOKEN\" | tee \"$F\"
          - |
            cd infra
            cat <<EOF > ./x/../$NAME.json
            {\"a\": \"${B:-c}\"}
            EOF
          - AWS_PROFILE=p npx cdk deploy --all
",
        "set F = ../t
read $BITBUCKET_STEP_OIDC_TOKEN
read ${B:-c} optional
read $NAME
write $BITBUCKET_CLONE_DIR/t <- %s ${BITBUCKET_STEP_OIDC_TOKEN}
write $BITBUCKET_CLONE_DIR/infra/infra/${NAME}.json <- {\"a\": \"?\"}\n
run AWS CDK `npx cdk deploy --all` Deploys with Profile
",
    ),
    (
        "          - aws configure set aws_access_key_id $KEY
          - aws s3 ls
          - export AWS_ACCESS_KEY_ID=$AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=x
          - sam deploy
          - CREDENTIALS=$(aws sts assume-role-with-web-identity --role-arn r --web-identity-token \"$BITBUCKET_STEP_OIDC_TOKEN\")
          - export AWS_ACCESS_KEY_ID=$(echo $CREDENTIALS | jq -r .Credentials.AccessKeyId)
          - aws s3 ls
          - unset AWS_ACCESS_KEY_ID
          - source ./env.sh
",
        "set AWS_ACCESS_KEY_ID = ${AWS_ACCESS_KEY_ID} exported
set AWS_SECRET_ACCESS_KEY = x exported
set CREDENTIALS = ?
set AWS_ACCESS_KEY_ID = ? exported
set AWS_ACCESS_KEY_ID = 
read $KEY
read $AWS_ACCESS_KEY_ID
read $BITBUCKET_STEP_OIDC_TOKEN
run AWS CLI `aws configure set aws_access_key_id $KEY` Never with Outside
run AWS CLI `aws s3 ls` Reads with Keys
run AWS SAM CLI `sam deploy` Deploys with Keys
run AWS CLI `aws sts assume-role-with-web-identity --role-arn r --web-identity-token \"$BITBUCKET_STEP_OIDC_TOKEN\"` Never with Keys
run AWS CLI `aws s3 ls` Reads with Session
assume `aws sts assume-role-with-web-identity --role-arn r --web-identity-token \"$BITBUCKET_STEP_OIDC_TOKEN\"` captured
",
    ),
    (
        "          - VERSION=1.$BITBUCKET_BUILD_NUMBER
          - pipe: atlassian/aws-s3-deploy:2.0.1
            variables:
              S3_BUCKET: bucket-${STAGE}-$VERSION
              LOCAL_PATH: [dist, \"$OUT\"]
          - if [ -z \"$A\" ]; then export B=c; fi
          - echo $B
          - aws sts assume-role --role-arn r
",
        "set VERSION = 1.${BITBUCKET_BUILD_NUMBER}
set B = c exported partial
read $BITBUCKET_BUILD_NUMBER
read ${STAGE}
read $OUT
read $A optional
run AWS CLI `aws sts assume-role --role-arn r` Reads with Outside
pipe atlassian/aws-s3-deploy S3_BUCKET=bucket-${STAGE}-1.${BITBUCKET_BUILD_NUMBER} LOCAL_PATH=dist ${OUT}
assume `aws sts assume-role --role-arn r` printed
",
    ),
];
