#!/bin/sh
# Installs the programs that the tests compare keyless with, in .tools/. Does nothing for those already installed.
#
#   tests/oracles/install.sh iam-simulate cfn-lint awscli typescript
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

# python_judge <name>: the packages of tests/oracles/<name>/requirements.txt, in a separate environment in
# .tools/oracles/<name>: they pin versions that exclude each other
python_judge() {
    home=.tools/oracles/$1
    cmp -s "tests/oracles/$1/requirements.txt" "$home/.installed" && return
    echo "installing $1 into $home"
    rm -rf "$home"
    python3 -m venv "$home"
    "$home/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "tests/oracles/$1/requirements.txt"
    cp "tests/oracles/$1/requirements.txt" "$home/.installed"
}

for judge in "$@"; do
    if [ -f "tests/oracles/$judge/requirements.txt" ]; then
        python_judge "$judge"
    else
        npm_judge "$judge"
    fi
done
