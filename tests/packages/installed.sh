#!/usr/bin/env bash
# Installs every package of a folder that runs on this machine from its file, and lints a pipeline with what was installed.
#
#   tests/packages/installed.sh FOLDER TARGET
#
# TARGET is the one whose archive is tried.
set -euo pipefail
checkout=$(cd "$(dirname "$0")/../.." && pwd)
packages=$(realpath "$1") target=$2
version=$(node "$checkout/packaging/version.mjs")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

mkdir "$scratch/repository"
cd "$scratch/repository"
printf 'pipelines:\n  default:\n    - step:\n        odic: true\n        script: [make]\n' >bitbucket-pipelines.yml
found='bitbucket-pipelines.yml:4:9: error[misspelled-oidc]: unknown step key `odic`'
expected="keyless $version; $found; status 1"

# check <name> <command>...: the command has this version, and finds what it should
check() {
    local name=$1 found status=0 actual
    shift
    found=$("$@" lint --format concise) || status=$?
    actual="$("$@" --version); $found; status $status"
    if [ "$actual" != "$expected" ]; then
        printf '%s:\nexpected %s\nactual   %s\n' "$name" "$expected" "$actual"
        exit 1
    fi
    echo "$name: as expected"
}

# has <folder> <file>...: the files are not empty
has() {
    local folder=$1 file
    shift
    for file; do [ -s "$folder/$file" ] || { echo "there is no $file in $folder"; exit 1; }; done
}

python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check --no-index --only-binary :all: --find-links "$packages" keyless
check wheel "$scratch/venv/bin/keyless"
"$scratch/venv/bin/pip" uninstall --quiet --disable-pip-version-check --yes keyless
[ ! -e "$scratch/venv/bin/keyless" ]

# the repository is now a project of npm, as one with an app is
platform=$(node --print '`${process.platform}-${process.arch}`')
npm install --loglevel=error --offline --no-audit --no-fund "$packages/npm/keyless-$version.tgz" \
    "$packages/npm/keyless-cli-$platform-$version.tgz" >/dev/null
check npx npx --offline keyless
cp "$checkout/tests/packages/api.mjs" .
node api.mjs
"$checkout/web/node_modules/.bin/tsc" --noEmit --checkJs --allowJs --strict --skipLibCheck false --target es2022 --module nodenext api.mjs
echo "the API for Node: as expected"

if command -v dpkg-deb >/dev/null; then
    mkdir -p "$scratch/debian/var/lib/dpkg"
    touch "$scratch/debian/var/lib/dpkg/status"
    # only the package itself is looked at: its libraries are not in this folder
    dpkg --root="$scratch/debian" --force-depends --force-not-root --install "$packages/keyless_${version}_$(dpkg --print-architecture).deb" >"$scratch/dpkg" 2>&1 || {
        cat "$scratch/dpkg"
        exit 1
    }
    check deb "$scratch/debian/usr/bin/keyless"
    has "$scratch/debian/usr/share" man/man1/keyless-lint.1.gz bash-completion/completions/keyless \
        zsh/vendor-completions/_keyless fish/vendor_completions.d/keyless.fish doc/keyless/copyright doc/keyless/THIRD-PARTY-NOTICES.txt
else
    echo 'deb: not tested, because there is no dpkg-deb here'
fi

# What cargo-binstall would download and where it would look for the binary, by the metadata of the package.
read -r url folder < <(cd "$checkout" && cargo metadata --format-version 1 --no-deps --offline | python3 -c '
import json, sys
package = next(p for p in json.load(sys.stdin)["packages"] if p["name"] == "keyless")
binstall = package["metadata"]["binstall"]
assert binstall["pkg-fmt"] == "tgz"
values = {"repo": package["repository"], "version": package["version"], "target": sys.argv[1], "archive-suffix": ".tgz", "bin": "keyless", "binary-ext": ""}
def fill(template):
    for name, value in values.items():
        template = template.replace("{ %s }" % name, value)
    assert "{" not in template, template
    return template
print(fill(binstall["pkg-url"]), fill(binstall["bin-dir"]))
' "$target")
mkdir "$scratch/archive"
tar --extract --gzip --directory="$scratch/archive" --file="$packages/${url##*/}"
check archive "$scratch/archive/$folder"
has "$(dirname "$scratch/archive/$folder")" LICENSE-MIT THIRD-PARTY-NOTICES.txt man/keyless.1 completions/powershell
