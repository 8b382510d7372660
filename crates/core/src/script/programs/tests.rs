use super::*;
use crate::script::Script;

#[test]
fn commands_that_ask_are_found() {
    let mut wrong = Vec::new();
    for (text, expected) in [
        ("apt-get install zip", Some("add `-y`")),
        ("apt-get install -y zip", None),
        ("apt-get -y install zip", None),
        ("apt-get -qq install zip", None),
        ("apt-get -qy install zip", None),
        ("apt-get install zip --yes", None),
        ("apt-get update", None),
        ("apt-get $OPTIONS install zip", None),
        ("apt-get install \"$PACKAGE\"", Some("add `-y`")),
        ("apt install -q zip", Some("add `-y`")),
        ("yum install git", Some("add `-y`")),
        ("add-apt-repository ppa:x/y", Some("add `-y`")),
        ("terraform apply", Some("apply a saved plan, or add `-auto-approve`")),
        ("terraform -chdir=infra apply -var x=y", Some("apply a saved plan, or add `-auto-approve`")),
        ("terraform apply -var 'x=y' -input=false", Some("apply a saved plan, or add `-auto-approve`")),
        ("terraform apply tfplan", None),
        ("terraform apply \"$PLAN\"", None),
        ("terraform apply -auto-approve", None),
        ("terraform apply --auto-approve=true", None),
        ("terraform plan", None),
        ("terraform destroy", Some("add `-auto-approve`")),
        ("terragrunt apply", Some("apply a saved plan, or add `-auto-approve`")),
        ("terragrunt apply --non-interactive", None),
        ("terragrunt run-all apply", Some("apply a saved plan, or add `-auto-approve`")),
        ("terragrunt run --all apply --non-interactive", None),
        ("pulumi up --stack prod", Some("add `--yes`")),
        ("pulumi up -y", None),
        ("pulumi up --yes --skip-preview", None),
        ("pulumi preview", None),
        ("sam deploy --guided", Some("remove it, and pass the parameters as options or in `samconfig.toml`")),
        ("sam deploy", None),
        ("sam delete --stack-name x", Some("add `--no-prompts`")),
        ("cdk destroy --all", Some("add `--force`")),
        ("cdk destroy -f", None),
        ("docker system prune -af", None),
        ("docker system prune", Some("add `--force`")),
        ("docker login -u x", Some("pass it to standard input with `--password-stdin`")),
        ("docker login -u x --password-stdin", None),
        ("docker run -it alpine sh", Some("remove `-it`")),
        ("docker run --rm alpine sh", None),
        ("aws sso login", Some("assume a role with the step's OIDC token instead")),
        ("aws s3 ls", None),
        ("npm init -y", None),
        ("npm init", Some("add `--yes`")),
        ("git rebase -i HEAD~2", Some("remove the option")),
        ("git commit -am x", None),
        ("prisma migrate dev", Some("use `prisma migrate deploy`")),
        ("make install", None),
        ("apt-get build-dep x", Some("add `-y`")),
        ("pip uninstall x", Some("add `--yes`")),
        ("pip uninstall -y x", None),
        ("pip install x", None),
        ("conda install numpy", Some("add `--yes`")),
        ("conda install -yq numpy", None),
        ("pacman -Syu git", Some("add `--noconfirm`")),
        ("pacman -Syu --noconfirm git", None),
        ("pacman -Q", None),
        ("apk add git", None),
        ("ssh-keygen -t ed25519 -f key", Some("add `-N ''` for a key without one")),
        ("ssh-keygen -t ed25519 -f key -N ''", None),
        ("ssh-keygen -R host", None),
        ("ssh-keyscan -t rsa host", None),
        ("aws configure", Some("set variables, or use `aws configure set`")),
        ("aws configure --profile x", Some("set variables, or use `aws configure set`")),
        ("aws configure set region eu-west-1", None),
        ("git commit", Some("add `--message`")),
        ("git commit -a", Some("add `--message`")),
        ("git commit --amend --no-edit", None),
        ("git -c user.name=x commit -m y", None),
        ("git tag -a v1", Some("add `--message`")),
        ("git tag -am v1 v1", None),
        ("git tag v1", None),
        ("poetry init", Some("add `--no-interaction`")),
        ("composer install", None),
        ("openssl req -new -key k", Some("add `-subj`")),
        ("openssl req -new -key k -subj /CN=x", None),
        ("openssl x509 -req -in x", None),
        ("read -rp 'Continue?' answer", Some("use a variable of the pipeline instead")),
        ("read -r answer", None),
    ] {
        let script = Script::parse([text]);
        let invocation = script.commands.last().unwrap().invocation().unwrap();
        let found = prompt(&invocation.program, invocation.arguments).map(|prompt| prompt.help);
        if found != expected {
            wrong.push(format!("{text}: {found:?}, not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn commands_that_deploy_are_found() {
    let mut wrong = Vec::new();
    for (text, expected) in [
        ("terraform apply -auto-approve", "Terraform Applies"),
        ("terraform -chdir=infra apply tfplan", "Terraform Applies"),
        ("terraform apply -destroy", "Terraform Destroys"),
        ("terraform destroy", "Terraform Destroys"),
        ("terraform plan", "-"),
        ("terraform apply -help", "-"),
        ("terragrunt run-all apply", "Terragrunt Applies"),
        ("pulumi up --yes", "Pulumi Applies"),
        ("pulumi --cwd infra up", "Pulumi Applies"),
        ("pulumi up --preview-only", "-"),
        ("sls deploy --stage prod", "Serverless Framework Applies"),
        ("sls deploy list", "-"),
        ("serverless remove", "Serverless Framework Destroys"),
        ("sam deploy", "AWS SAM CLI Applies"),
        ("sam deploy --no-execute-changeset", "-"),
        ("sam build", "-"),
        ("kubectl -n prod apply -f x.yml", "kubectl Applies"),
        ("kubectl apply --dry-run=client -f x.yml", "-"),
        ("kubectl apply --dry-run=none -f x.yml", "kubectl Applies"),
        ("kubectl get pods", "-"),
        ("helm upgrade --install x ./chart", "Helm Applies"),
        ("helm template x", "-"),
        ("ansible-playbook site.yml", "Ansible Applies"),
        ("ansible-playbook --check site.yml", "-"),
        ("gcloud run deploy x", "Google Cloud CLI Applies"),
        ("firebase deploy --only hosting", "Firebase CLI Applies"),
        ("make deploy", "-"),
    ] {
        let script = Script::parse([text]);
        let invocation = script.commands.last().unwrap().invocation().unwrap();
        let found = deployer(&invocation.program, invocation.arguments);
        let found = found.map_or("-".to_owned(), |(deployer, change)| format!("{} {change:?}", deployer.name));
        if found != expected {
            wrong.push(format!("{text}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn commands_that_a_step_is_there_for_are_found() {
    let mut wrong = Vec::new();
    for (text, expected) in [
        ("npm test", "Certain"),
        ("npm --prefix app run build", "Certain"),
        ("npm ls", "-"),
        ("yarn", "Certain"),
        ("yarn eslint .", "Certain"),
        ("yarn test", "Certain"),
        ("yarn --version", "-"),
        ("npx jest --ci", "Certain"),
        ("npx -y cowsay hi", "-"),
        ("bundle exec rspec", "Certain"),
        ("python -m pytest", "Certain"),
        ("python3 manage.py test", "Certain"),
        ("python report.py", "Likely"),
        ("python -c 'print(1)'", "-"),
        ("php artisan test", "Certain"),
        ("vendor/bin/phpunit", "Certain"),
        ("./gradlew build", "Certain"),
        ("./run-tests.sh", "Certain"),
        ("bash ci/deploy.sh staging", "Certain"),
        ("./report.sh", "Likely"),
        ("/usr/bin/env node report.js", "Likely"),
        ("/bin/ls", "-"),
        ("ls", "-"),
        ("echo test", "-"),
        ("cat build.log", "-"),
        ("cmake --build .", "Certain"),
        ("cmake -S . -B out", "-"),
        ("docker build .", "Certain"),
        ("docker images", "-"),
        ("terraform plan", "Certain"),
        ("terraform output", "-"),
        ("kubectl apply -f x.yml", "Certain"),
        ("kubectl get pods", "-"),
        ("aws s3 sync dist s3://bucket", "Certain"),
        ("aws s3 ls", "-"),
        ("timeout 60 mvn verify", "Certain"),
        ("curl -f https://example.com", "-"),
    ] {
        let script = Script::parse([text]);
        let invocation = script.commands.last().unwrap().invocation().unwrap();
        let found = importance(&invocation.path, &invocation.program, invocation.arguments);
        let found = found.map_or("-".to_owned(), |found| format!("{found:?}"));
        if found != expected {
            wrong.push(format!("{text}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
