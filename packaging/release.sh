#!/usr/bin/env bash
# Builds everything that a release consists of, and says what it leaves out and why. The same commit gives the same files.
#
#   packaging/release.sh VERSION [FOLDER]
#
# VERSION is that of the checkout (`make version` sets it). FOLDER, target/release-VERSION by default, receives the files.
#   REGISTRY      where the pipe's image will be, such as docker.io/acme
#   VARIANTS      of the image, the full one first; full docker python small by default
#   MINISIGN_KEY  the file of a secret key without a password, which signs the checksums
set -euo pipefail
checkout=$(cd "$(dirname "$0")/.." && pwd)
folder=${2:-$checkout/target/release-${1:-}}
mkdir -p "$(dirname "$folder")"
folder=$(realpath -m "$folder")
cd "$checkout"
umask 022

fail() {
    echo "packaging/release.sh: $1" >&2
    exit 2
}
part() { printf '\n== %s\n' "$1"; }
left_out() { echo "$1: not built, because $2" | tee -a "$scratch/left-out"; }

[ $# -ge 1 ] && [ -n "$1" ] || fail 'missing version; use: make release VERSION=1.2.3'
version=$(node packaging/version.mjs)
[ "$1" = "$version" ] || fail "the version is $1, but Cargo.toml has $version; run \`make version VERSION=$1\` and commit the result"
node packaging/version.mjs --check >&2 || fail "not everything has the version $version; run \`make version VERSION=$version\`"
[ -z "$(git status --porcelain --untracked-files=no)" ] || fail 'files have changes that are not committed; commit them first'
[ -z "${MINISIGN_KEY:-}" ] || [ -r "$MINISIGN_KEY" ] || fail "\`MINISIGN_KEY\` is \`$MINISIGN_KEY\`, which cannot be read"
registry=${REGISTRY:-}
[[ "${registry:-x}" =~ ^[a-z0-9./:_-]+$ ]] || fail "\`REGISTRY\` is not the path of a registry: \`$registry\`"

# what a build could take over from this machine
export LC_ALL=C TZ=UTC CARGO_INCREMENTAL=0
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS SOURCE_DATE_EPOCH

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
: >"$scratch/left-out"
rm -rf "$folder"
mkdir -p "$folder"
target=${CARGO_TARGET_DIR:-$checkout/target}

part 'tools'
tests/system.sh rust python node musl archives ${MINISIGN_KEY:+signing}
auditable=0.7.7
tools=$checkout/.tools/cargo
if [ ! -e "$tools/.auditable-$auditable" ]; then
    echo "installing cargo-auditable $auditable into .tools/cargo"
    cargo install --quiet --locked --root "$tools" --version "$auditable" cargo-auditable
    touch "$tools/.auditable-$auditable"
fi
export PATH=$tools/bin:$PATH

# Each target with the compiler of C that ring needs, which also links. The first runs on the machine that builds.
TARGETS=(
    'x86_64-unknown-linux-musl musl-gcc'
    'aarch64-unknown-linux-musl aarch64-linux-gnu-gcc'
    'x86_64-pc-windows-gnu x86_64-w64-mingw32-gcc'
)
built=()
for row in "${TARGETS[@]}"; do
    read -r triple compiler <<<"$row"
    part "command for $triple"
    if [ ! -d "$(rustc --print sysroot)/lib/rustlib/$triple/lib" ]; then
        left_out "$triple" "the Rust target is not installed"
        continue
    fi
    if ! command -v "$compiler" >/dev/null; then
        left_out "$triple" "\`$compiler\` is not installed"
        continue
    fi
    variable=${triple//-/_}
    # the same binary in every folder
    settings=("CARGO_TARGET_${variable^^}_RUSTFLAGS=--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$checkout=/keyless")
    # the first links as Rust does it by itself
    [ ${#built[@]} = 0 ] || settings+=("CARGO_TARGET_${variable^^}_LINKER=$compiler" "CC_$variable=$compiler")
    env "${settings[@]}" cargo auditable build --quiet --locked --release --target "$triple" --package keyless
    extension=
    [[ $triple != *-windows-* ]] || extension=.exe
    built+=("$triple=$target/$triple/release/keyless$extension")
done
[[ ${built[0]:-} == x86_64-unknown-linux-musl=* ]] || fail 'the first target is needed to pack the others; install it'
binary=${built[0]#*=}

make --no-print-directory web/node_modules/.installed editors/vscode/node_modules/.installed

part 'page'
npm --prefix web run --silent build
cp -r web/dist "$scratch/page"
linked_into_page=(--crates keyless-wasm --features keyless-wasm/complete --target wasm32-unknown-unknown --npm web/package-lock.json)
node packaging/notices.mjs --name 'The page of keyless' "${linked_into_page[@]}" >"$scratch/page/THIRD-PARTY-NOTICES.txt"

part 'manual pages'
KEYLESS_MAN=$scratch/man cargo test --quiet --locked --workspace --bin keyless -- manual:: >"$scratch/log" || { cat "$scratch/log"; exit 1; }

# the time of all files from here on; ring would be compiled again for every commit
export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)

part 'packages'
packaging/build.sh "$scratch/man" "$folder/packages" "${built[@]}"
# one folder for all; those of npm would be taken for archives
mv "$folder"/packages/keyless* "$folder/packages/npm" "$folder"
rmdir "$folder/packages"
packaging/archive.sh --content "$scratch/page" "$folder/keyless-page-$version.tgz"

part 'extension for VS Code'
editors/build.sh "$binary" "$scratch"
mv "$scratch/keyless.vsix" "$folder/keyless-$version.vsix"

part 'bills of materials'
node packaging/sbom.mjs --name keyless --crates keyless --target x86_64-unknown-linux-musl >"$folder/keyless-$version.cdx.json"
node packaging/sbom.mjs --name keyless-page "${linked_into_page[@]}" >"$folder/keyless-page-$version.cdx.json"

part 'image'
if unshare --mount true 2>/dev/null; then
    tests/system.sh rust containers
    read -ra variants <<<"${VARIANTS:-full docker python small}"
    KEYLESS_AUDITABLE=yes pipe/image/build.sh "${variants[@]}"
    for variant in "${variants[@]}"; do
        tag=$version
        [ "$variant" = full ] || tag=$version-$variant
        pipe/image/build.sh podman push --quiet "localhost/keyless-pipe:$variant" "oci:$scratch/oci:$tag"
        container=$(pipe/image/build.sh podman create "localhost/keyless-pipe:$variant")
        pipe/image/build.sh podman export --output "$scratch/files.tar" "$container"
        pipe/image/build.sh podman rm "$container" >/dev/null
        tar --extract --to-stdout --file="$scratch/files.tar" usr/share/keyless/sbom.json >"$scratch/sbom.json"
        listed=(--dpkg "$scratch/status")
        if [ "$variant" = small ]; then
            # has single files of Debian, and no database of them
            listed+=(--debian busybox-static,ca-certificates,libc6,libgcc-s1,libstdc++6)
        else
            tar --extract --to-stdout --file="$scratch/files.tar" var/lib/dpkg/status >"$scratch/status"
        fi
        rm "$scratch/files.tar"
        node packaging/sbom.mjs --merge "$scratch/sbom.json" "${listed[@]}" >"$folder/keyless-pipe-$tag.cdx.json"
    done
    packaging/archive.sh --content "$scratch/oci" "$folder/keyless-pipe-$version.oci.tar"
else
    left_out image 'building it needs permission to mount, which root has'
fi
left_out 'image for aarch64' 'it takes Node for x86_64 from npm'

part "pipe's repository"
pipe=$scratch/keyless-pipe-$version
mkdir "$pipe"
cp pipe/pipe.yml pipe/README.md CHANGELOG.md LICENSE LICENSE-MIT LICENSE-APACHE "$pipe"
if [ -n "$registry" ]; then
    sed -i "s|<registry>/keyless-pipe|$registry/keyless-pipe|g" "$pipe/pipe.yml" "$pipe/README.md"
else
    echo 'pipe.yml names <registry>: set REGISTRY to where the image will be'
fi
packaging/archive.sh "$pipe" "$folder/keyless-pipe-$version.tgz"

node packaging/notices.mjs --name 'The keyless command' --crates keyless --target x86_64-unknown-linux-musl \
    >"$folder/THIRD-PARTY-NOTICES.txt"

part 'checksums'
(cd "$folder" && find . -type f -printf '%P\n' | sort | xargs sha256sum >"$scratch/SHA256SUMS" && mv "$scratch/SHA256SUMS" .)
if [ -n "${MINISIGN_KEY:-}" ]; then
    # the comment would have the time of this run
    minisign -S -s "$MINISIGN_KEY" -m "$folder/SHA256SUMS" -t "keyless $version" >/dev/null
else
    echo 'SHA256SUMS is not signed: set MINISIGN_KEY to the file of a secret key'
fi
cat "$folder/SHA256SUMS"
[ ! -s "$scratch/left-out" ] || printf '\nleft out:\n%s\n' "$(cat "$scratch/left-out")"
echo "$folder"
