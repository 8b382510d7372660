#!/usr/bin/env bash
# Installs the hook of this checkout with pre-commit, as a user's machine would, and runs it in a repository with a good
# pipeline and in one with a bad pipeline. The exit status and all that the hook prints must be as <name>/expected says;
# UPDATE_EXPECTED=1 rewrites it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
checkout=$(cd "$here/../.." && pwd)
pre_commit=$checkout/.tools/py/bin/pre-commit

# The wheel is built as for a user but for the optimisation, which would be most of the test's time. Third-party crates
# stay built from run to run; those of keyless are built each time, as pre-commit clones them into a new place.
export CARGO_TARGET_DIR=$checkout/.tools/hook-target
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_OPT_LEVEL=0

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"; find "$CARGO_TARGET_DIR" -name "*keyless*" -prune -exec rm -rf {} + 2>/dev/null || true' EXIT

failed=0
for name in good bad; do
    repository=$scratch/$name
    cp -r "$here/$name" "$repository"
    rm -f "$repository/expected"
    cd "$repository"
    git init -q .
    git add .
    status=0
    "$pre_commit" try-repo --color never --all-files --verbose "$checkout" keyless >"$scratch/output" 2>&1 || status=$?
    # above the hook's own lines stands what pre-commit says of the commit that it tries
    {
        sed -n '/^lint bitbucket-pipelines.yml/,$p' "$scratch/output" | sed '/^- duration:/d'
        echo "[exit status $status]"
    } >"$scratch/actual"
    if [ -n "${UPDATE_EXPECTED:-}" ]; then
        cp "$scratch/actual" "$here/$name/expected"
    elif diff -u --label expected --label actual "$here/$name/expected" "$scratch/actual"; then
        echo "$name repository: as expected"
    else
        echo "$name repository: not as expected; all that pre-commit printed:"
        cat "$scratch/output"
        failed=1
    fi
done
exit $failed
