#!/usr/bin/env bash
# Builds the extension for VS Code, tests its parts, packs it with a `keyless` command, and checks what is in the package.
#
#   editors/build.sh KEYLESS FOLDER
set -euo pipefail
binary=$(realpath "$1")
mkdir -p "$2"
package=$(realpath "$2")/keyless.vsix
cd "$(dirname "$0")/vscode"

KEYLESS_BINARY=$binary node build.mjs
npm run --silent check
npm test --silent
{
    node ../../packaging/notices.mjs --name 'The keyless command' --crates keyless --target x86_64-unknown-linux-musl
    node ../../packaging/notices.mjs --name 'The checker of the extension' --crates keyless-wasm --features keyless-wasm/complete \
        --target wasm32-unknown-unknown --npm package-lock.json
} >THIRD-PARTY-NOTICES.txt
node_modules/.bin/vsce package --no-dependencies --allow-missing-repository --out "$package" >/dev/null

actual=$(unzip -Z1 "$package" | sort)
expected=$(sort package.expected)
if [ "$actual" != "$expected" ]; then
    diff -u <(echo "$expected") <(echo "$actual") || true
    echo "$package does not contain what package.expected lists" >&2
    exit 1
fi
unzip -p "$package" extension/dist/bin/keyless | cmp -s - "$binary" || { echo "$package has another command" >&2; exit 1; }
unzip -Z "$package" extension/dist/bin/keyless | grep -q '^-rwx' || { echo "the command in $package is not executable" >&2; exit 1; }
# paths of this machine have no place in it
if unzip -p "$package" extension/dist/extension.js | grep -q "$HOME/"; then
    echo "$package names files of this machine" >&2
    exit 1
fi
echo "$package: $(du -h "$package" | cut -f 1)"
