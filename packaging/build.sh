#!/usr/bin/env bash
# Packs a built `keyless` for people who install it without Rust: a wheel, npm packages, a Debian package and an archive for
# cargo-binstall.
#
#   packaging/build.sh BINARY MANUAL FOLDER
#
# BINARY is for this machine. MANUAL holds the pages that `make man` writes, FOLDER receives the packages. The module for Node is
# the one that `make web` builds.
set -euo pipefail
binary=$(realpath "$1") manual=$(realpath "$2")
mkdir -p "$3"
out=$(realpath "$3")
# what an older build left behind
rm -rf "$out"/keyless[-_]* "$out/npm"
cd "$(dirname "$0")/.."

version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
target=$(rustc -vV | sed -n 's/^host: //p')
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

strip -o "$scratch/keyless" "$binary"
mkdir "$scratch/completions"
for shell in bash zsh fish powershell; do
    "$scratch/keyless" completions $shell >"$scratch/completions/$shell"
done

archive() {
    local folder=$scratch/keyless-$version-$target
    mkdir "$folder"
    cp "$scratch/keyless" README.md CHANGELOG.md LICENSE LICENSE-MIT LICENSE-APACHE "$folder"
    cp -r "$manual" "$folder/man"
    cp -r "$scratch/completions" "$folder"
    tar --create --gzip --owner=0 --group=0 --directory="$scratch" --file="$out/$(basename "$folder").tgz" "$(basename "$folder")"
}

debian() {
    local root=$scratch/debian architecture libc
    architecture=$(dpkg --print-architecture)
    libc=$(grep --text --only-matching 'GLIBC_2\.[0-9]*' "$scratch/keyless" | sort --version-sort | tail -n 1)
    install -D "$scratch/keyless" "$root/usr/bin/keyless"
    install -D --mode=644 "$scratch/completions/bash" "$root/usr/share/bash-completion/completions/keyless"
    install -D --mode=644 "$scratch/completions/zsh" "$root/usr/share/zsh/vendor-completions/_keyless"
    install -D --mode=644 "$scratch/completions/fish" "$root/usr/share/fish/vendor_completions.d/keyless.fish"
    install -D --mode=644 --target-directory="$root/usr/share/man/man1" "$manual"/*.1
    install -D --mode=644 LICENSE "$root/usr/share/doc/keyless/copyright"
    install -D --mode=644 CHANGELOG.md "$root/usr/share/doc/keyless/changelog"
    gzip --best --no-name "$root"/usr/share/man/man1/*.1 "$root/usr/share/doc/keyless/changelog"
    mkdir "$root/DEBIAN"
    cat >"$root/DEBIAN/control" <<CONTROL
Package: keyless
Version: $version
Architecture: $architecture
Maintainer: keyless maintainers <keyless@example.org>
Section: devel
Priority: optional
Installed-Size: $(du --summarize --block-size=1024 "$root/usr" | cut -f 1)
Homepage: $(sed -n 's/^repository = "\(.*\)"/\1/p' Cargo.toml)
Depends: ${libc:+libc6 (>= ${libc#GLIBC_}), libgcc-s1}
Recommends: ca-certificates, git
Description: linter for bitbucket-pipelines.yml that understands OIDC and AWS
 keyless finds steps of Bitbucket Pipelines that do not get the token, role or
 region that they need, and checks the AWS side that they use.
CONTROL
    # a static binary depends on nothing
    sed -i '/^Depends: $/d' "$root/DEBIAN/control"
    dpkg-deb --build --root-owner-group -Zgzip "$root" "$out/keyless_${version}_$architecture.deb" >/dev/null
}

npm_packages() {
    local root=$scratch/npm platform
    platform=$(node --print '`${process.platform}-${process.arch}`')
    cp -r packaging/npm "$root"
    cp LICENSE LICENSE-MIT LICENSE-APACHE "$root"
    cp web/src/protocol.ts "$root/protocol.d.ts"
    mkdir -p "$root/wasm" "$scratch/platform/bin"
    cp web/.build/complete/keyless_wasm.js "$root/wasm"
    cp web/dist/complete.wasm "$root/wasm/keyless_wasm_bg.wasm"
    cp "$scratch/keyless" "$scratch/platform/bin"
    cp LICENSE LICENSE-MIT LICENSE-APACHE "$scratch/platform"
    node - "$version" "$platform" "$root" "$scratch/platform" <<'SCRIPT'
const { readFileSync, writeFileSync } = require("node:fs");
const [version, platform, main, binary] = process.argv.slice(2);
const [os, cpu] = platform.split("-");
const name = `@keyless/cli-${platform}`;
const described = JSON.parse(readFileSync(`${main}/package.json`, "utf8"));
const { description, license } = described;
const write = (folder, value) => writeFileSync(`${folder}/package.json`, `${JSON.stringify(value, null, 2)}\n`);
write(main, { ...described, version, optionalDependencies: { [name]: version } });
write(binary, { name, version, description: `${description}: the binary for ${platform}`, license, os: [os], cpu: [cpu] });
SCRIPT
    mkdir -p "$out/npm"
    npm pack --loglevel=error --pack-destination "$out/npm" "$root" "$scratch/platform" >/dev/null
}

archive
! command -v dpkg-deb >/dev/null || debian
npm_packages
python3 packaging/wheel.py "$scratch/keyless" "$version" "$out"
