#!/usr/bin/env bash
# Packs built `keyless` commands for people who install it without Rust: a wheel, npm packages, a Debian package and an archive for
# cargo-binstall.
#
#   packaging/build.sh MANUAL FOLDER TARGET=BINARY…
#
# MANUAL holds the pages that `make man` writes, FOLDER receives the packages. The first binary runs on this machine. The module for
# Node is the one that `make web` builds. The same files give the same packages; their time is SOURCE_DATE_EPOCH.
set -euo pipefail
manual=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
shift 2
targets=() binaries=()
for built; do
    targets+=("${built%%=*}")
    binaries+=("$(realpath "${built#*=}")")
done
# what an older build left behind
rm -rf "$out"/keyless[-_]* "$out/npm"
cd "$(dirname "$0")/.."
umask 022
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}

version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Each target with the names that npm, wheels and Debian have for it; - where a kind of package does not exist.
# The tags of wheels: a static binary runs on every libc.
names() {
    case $1 in
        x86_64-unknown-linux-musl) echo linux-x64 manylinux_2_17_x86_64.musllinux_1_1_x86_64 amd64 ;;
        aarch64-unknown-linux-musl) echo linux-arm64 manylinux_2_17_aarch64.musllinux_1_1_aarch64 arm64 ;;
        x86_64-pc-windows-gnu) echo win32-x64 win_amd64 - ;;
        # this machine's, for its own use
        *) echo "$(node --print '`${process.platform}-${process.arch}`')" - "$(dpkg --print-architecture 2>/dev/null || echo -)" ;;
    esac
}

strip -o "$scratch/keyless" "${binaries[0]}"
mkdir "$scratch/completions"
for shell in bash zsh fish powershell; do
    "$scratch/keyless" completions $shell >"$scratch/completions/$shell"
done

# archive <target> <folder with the command and its notices>
archive() {
    local folder=$scratch/archive/keyless-$version-$1
    mkdir -p "$folder"
    cp "$2"/* README.md CHANGELOG.md LICENSE LICENSE-MIT LICENSE-APACHE "$folder"
    cp -r "$manual" "$folder/man"
    cp -r "$scratch/completions" "$folder"
    packaging/archive.sh "$folder" "$out/$(basename "$folder").tgz"
}

# debian <architecture> <folder>
debian() {
    local root=$scratch/debian/$1 libc
    # nothing in a static binary
    libc=$(grep --text --only-matching 'GLIBC_2\.[0-9]*' "$2/keyless" | sort --version-sort | tail -n 1 || true)
    install -D "$2/keyless" "$root/usr/bin/keyless"
    install -D --mode=644 "$scratch/completions/bash" "$root/usr/share/bash-completion/completions/keyless"
    install -D --mode=644 "$scratch/completions/zsh" "$root/usr/share/zsh/vendor-completions/_keyless"
    install -D --mode=644 "$scratch/completions/fish" "$root/usr/share/fish/vendor_completions.d/keyless.fish"
    install -D --mode=644 --target-directory="$root/usr/share/man/man1" "$manual"/*.1
    install -D --mode=644 LICENSE "$root/usr/share/doc/keyless/copyright"
    install -D --mode=644 --target-directory="$root/usr/share/doc/keyless" "$2/THIRD-PARTY-NOTICES.txt"
    install -D --mode=644 CHANGELOG.md "$root/usr/share/doc/keyless/changelog"
    gzip --best --no-name "$root"/usr/share/man/man1/*.1 "$root/usr/share/doc/keyless/changelog"
    mkdir "$root/DEBIAN"
    cat >"$root/DEBIAN/control" <<CONTROL
Package: keyless
Version: $version
Architecture: $1
Maintainer: keyless maintainers <keyless@example.org>
Section: devel
Priority: optional
Installed-Size: $(find "$root/usr" -type f -printf '%s\n' | awk '{ sum += $1 } END { print int(sum / 1024) + 1 }')
Homepage: $(sed -n 's/^repository = "\(.*\)"/\1/p' Cargo.toml)
Depends: ${libc:+libc6 (>= ${libc#GLIBC_}), libgcc-s1}
Recommends: ca-certificates, git
Description: linter for bitbucket-pipelines.yml that understands OIDC and AWS
 keyless finds steps of Bitbucket Pipelines that do not get the token, role or
 region that they need, and checks the AWS side that they use.
CONTROL
    # a static binary depends on nothing
    sed -i '/^Depends: $/d' "$root/DEBIAN/control"
    dpkg-deb --build --root-owner-group -Zgzip "$root" "$out/keyless_${version}_$1.deb" >/dev/null
}

# npm_packages <platform>…: the packages of the binaries, and the one that has them as optional dependencies
npm_packages() {
    local root=$scratch/npm
    cp -r packaging/npm "$root"
    cp LICENSE LICENSE-MIT LICENSE-APACHE "$root"
    cp web/src/protocol.ts "$root/protocol.d.ts"
    mkdir -p "$root/wasm"
    cp web/.build/complete/keyless_wasm.js "$root/wasm"
    cp web/dist/complete.wasm "$root/wasm/keyless_wasm_bg.wasm"
    node packaging/notices.mjs --name 'The module of keyless for Node' --crates keyless-wasm --features keyless-wasm/complete \
        --target wasm32-unknown-unknown >"$root/THIRD-PARTY-NOTICES.txt"
    node - "$version" "$root" "$scratch/platforms" "$@" <<'SCRIPT'
const { readFileSync, writeFileSync } = require("node:fs");
const [version, main, binaries, ...platforms] = process.argv.slice(2);
const named = (platform) => `@keyless/cli-${platform}`;
const described = JSON.parse(readFileSync(`${main}/package.json`, "utf8"));
const { description, license } = described;
const write = (folder, value) => writeFileSync(`${folder}/package.json`, `${JSON.stringify(value, null, 2)}\n`);
write(main, { ...described, version, optionalDependencies: Object.fromEntries(platforms.map((platform) => [named(platform), version])) });
for (const platform of platforms) {
  const [os, cpu] = platform.split("-");
  const about = { description: `${description}: the binary for ${platform}`, license, os: [os], cpu: [cpu] };
  write(`${binaries}/${platform}`, { name: named(platform), version, ...about });
}
SCRIPT
    mkdir -p "$out/npm"
    npm pack --loglevel=error --pack-destination "$out/npm" "$root" "${@/#/$scratch/platforms/}" >/dev/null
}

platforms=()
for index in "${!targets[@]}"; do
    target=${targets[$index]} folder=$scratch/built/${targets[$index]}
    read -r platform wheel architecture < <(names "$target")
    extension=
    [[ $target != *-windows-* ]] || extension=.exe
    mkdir -p "$folder"
    if [ "$index" = 0 ]; then cp "$scratch/keyless" "$folder"; else install "${binaries[$index]}" "$folder/keyless$extension"; fi
    node packaging/notices.mjs --name 'The keyless command' --crates keyless --target "$target" >"$folder/THIRD-PARTY-NOTICES.txt"
    archive "$target" "$folder"
    [ "$architecture" = - ] || ! command -v dpkg-deb >/dev/null || debian "$architecture" "$folder"
    python3 packaging/wheel.py "$folder/keyless$extension" "$version" "$wheel" "$folder/THIRD-PARTY-NOTICES.txt" "$out"
    mkdir -p "$scratch/platforms/$platform/bin"
    cp "$folder/keyless$extension" "$scratch/platforms/$platform/bin"
    cp LICENSE LICENSE-MIT LICENSE-APACHE "$folder/THIRD-PARTY-NOTICES.txt" "$scratch/platforms/$platform"
    platforms+=("$platform")
done
npm_packages "${platforms[@]}"
