#!/bin/sh
# Installs the independent judges below .tools/, for tests only. Does nothing where they are already there.
#
#   tests/oracles/install.sh iam-simulate
set -eu

cd "$(dirname "$0")/../.."

# npm_judge <name>: the packages of tests/oracles/<name>/package-lock.json, in .tools/oracles/<name>
npm_judge() {
    home=.tools/oracles/$1
    cmp -s "tests/oracles/$1/package-lock.json" "$home/.installed" && return
    echo "installing $1 into $home"
    rm -rf "$home"
    mkdir -p "$home"
    cp "tests/oracles/$1/package.json" "tests/oracles/$1/package-lock.json" "$home"
    (cd "$home" && npm ci --no-audit --no-fund --loglevel=error)
    cp "tests/oracles/$1/package-lock.json" "$home/.installed"
}

for judge in "$@"; do
    npm_judge "$judge"
done
