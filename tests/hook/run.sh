#!/usr/bin/env bash
# Installs the hook from this checkout with pre-commit and the README's configuration, as a user's machine would, and runs it in
# a repository with a good pipeline and in one with a bad pipeline; then with the command installed manually. The exit status and
# all that the hook prints must be as <case>.expected says; SNAPSHOTS=overwrite updates it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
checkout=$(cd "$here/../.." && pwd)
pre_commit=$checkout/.tools/py/bin/pre-commit

# The wheel is built as for a user except for optimization, which would take most of the test's time. Third-party crates
# are kept between runs; keyless's own are built each time, because pre-commit clones them to a new folder.
export CARGO_TARGET_DIR=$checkout/.tools/hook-target CARGO_PROFILE_HOOK_OPT_LEVEL=0

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"; find "$CARGO_TARGET_DIR" -name "*keyless*" -prune -exec rm -rf {} + 2>/dev/null || true' EXIT

# check <case> <repository> <command>...: runs it in a new repository that holds the files of <repository>, and compares
# its output after pre-commit's own lines with <case>.expected
failed=0
check() {
    local name=$1 files=$here/$2 repository=$scratch/$1 expected=$here/$1.expected status=0
    shift 2
    cp -r "$files" "$repository"
    cd "$repository"
    as_in_readme >.pre-commit-config.yaml
    git init -q .
    git add .
    "$@" >"$scratch/output" 2>&1 || status=$?
    {
        sed -n '/^lint bitbucket-pipelines.yml/,$p' "$scratch/output" | sed '/^- duration:/d'
        echo "[exit status $status]"
    } >"$scratch/actual"
    if [ "${SNAPSHOTS:-}" = overwrite ]; then
        cp "$scratch/actual" "$expected"
    elif diff -u --label expected --label actual "$expected" "$scratch/actual"; then
        echo "$name: as expected"
    else
        echo "$name: not as expected; the full output of pre-commit:"
        cat "$scratch/output"
        failed=1
    fi
}

# the README's configuration, with this checkout for the repository's address
as_in_readme() {
    sed -n '/<!-- file: .pre-commit-config.yaml -->/,/^```$/p' "$checkout/README.md" | sed '1,2d;$d' |
        sed -e "s|repo: https:.*|repo: $checkout|" -e "s|rev: .*|rev: $(git -C "$checkout" rev-parse HEAD)|"
}

export PRE_COMMIT_HOME=$scratch/home
run=("$pre_commit" run --color never --all-files --verbose)
check good good "${run[@]}"
check bad bad "${run[@]}"

# without what calls AWS, as in the wheel
(cd "$checkout" && cargo install --locked --path crates/cli --profile hook --no-default-features --root "$scratch/installed" --quiet)
try=("$pre_commit" try-repo --color never --all-files --verbose "$checkout" keyless-system)
PATH=$scratch/installed/bin:$PATH check system bad "${try[@]}"

# what needs AWS or Bitbucket says how to get a command that has it
for arguments in "lint --report bitbucket $here/good/bitbucket-pipelines.yml" doctor 'exec -- true' lsp 'migrate apply'; do
    read -ra words <<<"$arguments"
    if said=$("$scratch/installed/bin/keyless" "${words[@]}" 2>&1) || [[ $said != *'installed without cloud support'* ]]; then
        echo "keyless ${words[0]}: does not say that it was installed without cloud support: $said"
        failed=1
    fi
done
exit $failed
