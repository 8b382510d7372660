#!/bin/sh
# Installs what the end-to-end tests and the demo need, in the checkout: the AWS emulator in its own Python environment
# (.tools/aws) and the demo app's packages (demo/node_modules). Does nothing if both are already installed.
set -eu

cd "$(dirname "$0")/.."

need() {
    command -v "$1" >/dev/null 2>&1 || {
        echo "tests/install.sh: \`$1\` is not installed; $2" >&2
        exit 2
    }
}
need python3 'install Python 3.10 or newer with its venv module (apt-get install python3-venv)'
need node 'install Node 20 or newer'
need npm 'install npm 10 or newer'
need openssl 'apt-get install openssl'

stamp=.tools/aws/.installed
requirements=tests/emulator/requirements.txt
if ! cmp -s "$requirements" "$stamp"; then
    echo 'installing the AWS emulator into .tools/aws'
    rm -rf .tools/aws
    python3 -m venv .tools/aws
    .tools/aws/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement "$requirements"
    cp "$requirements" "$stamp"
fi

stamp=demo/node_modules/.installed
if ! cmp -s demo/package-lock.json "$stamp"; then
    echo 'installing the demo app (npm ci in demo/)'
    (cd demo && npm ci --no-audit --no-fund --loglevel=error)
    cp demo/package-lock.json "$stamp"
fi
