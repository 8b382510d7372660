#!/usr/bin/env bash
# Starts everything in a folder that packaging/release.sh has built once. Builds nothing.
#
#   tests/release.sh FOLDER [PUBLIC_KEY]
#
# PUBLIC_KEY is the file of the key that the checksums are signed with.
set -euo pipefail
checkout=$(cd "$(dirname "$0")/.." && pwd)
release=$(realpath "$1")
key=${2:+$(realpath "$2")}
cd "$checkout"
version=$(node packaging/version.mjs)
triple=x86_64-unknown-linux-musl
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
    echo "tests/release.sh: $1" >&2
    exit 1
}

(cd "$release" && sha256sum --quiet --check SHA256SUMS)
(cd "$release" && find . -type f ! -name 'SHA256SUMS*' -printf '%P\n' | sort) >"$scratch/files"
cut -c 67- "$release/SHA256SUMS" | diff - "$scratch/files" || fail 'SHA256SUMS does not list every file'
echo 'checksums: as expected'
if [ -n "$key" ]; then
    minisign -V -q -p "$key" -m "$release/SHA256SUMS" || fail 'the signature is not of this key'
    echo 'signature: as expected'
fi

tests/packages/installed.sh "$release" "$triple"

tar --extract --gzip --directory="$scratch" --file="$release/keyless-$version-$triple.tgz"
binary=$scratch/keyless-$version-$triple/keyless
! readelf --program-headers "$binary" | grep -q INTERP || fail 'the command is not static'
# what a binary of cargo-auditable lists is what the bill of materials has
objcopy --dump-section .dep-v0="$scratch/dependencies" "$binary" /dev/null
python3 - "$scratch/dependencies" "$release/keyless-$version.cdx.json" <<'P'
import json, sys, zlib
listed = json.loads(zlib.decompress(open(sys.argv[1], "rb").read()))["packages"]
crates = {(c["name"], c["version"]) for c in listed if c.get("kind", "runtime") == "runtime" and c["source"] != "local"}
bill = json.load(open(sys.argv[2]))
assert bill["bomFormat"] == "CycloneDX" and bill["metadata"]["component"]["name"] == "keyless"
named = {(c["name"], c["version"]) for c in bill["components"]}
missing = named - crates
assert len(crates) > 100 and not missing, f"the binary does not list {sorted(missing)}"
print(f"command: static, lists {len(crates)} crates, {len(named)} of them linked")
P
for bill in "$release"/*.cdx.json; do
    node -e '
        const { bomFormat, specVersion, metadata, components } = JSON.parse(fs.readFileSync(process.argv[1]));
        const pieces = components.filter(({ name, version, purl }) => name && version && purl.startsWith("pkg:"));
        if (bomFormat !== "CycloneDX" || specVersion !== "1.5" || metadata.component.version !== process.argv[2]) throw bomFormat;
        if (pieces.length !== components.length || pieces.length < 20) throw pieces.length;
        console.log(`${path.basename(process.argv[1])}: ${pieces.length} components`);
    ' "$bill" "$version"
done

for archive in "$release"/keyless-"$version"-{aarch64,x86_64-pc}*.tgz; do
    [ -e "$archive" ] || continue
    name=$(basename "$archive" .tgz)
    tar --extract --gzip --directory="$scratch" --file="$archive"
    case $name in
        *windows*) starter=wine file=$scratch/$name/keyless.exe ;;
        *) starter=qemu-aarch64-static file=$scratch/$name/keyless ;;
    esac
    if command -v "$starter" >/dev/null; then
        [ "$("$starter" "$file" --version | tr -d '\r')" = "keyless $version" ] || fail "$name does not start"
        echo "$name: as expected"
    else
        echo "$name: not started, because \`$starter\` is not installed"
    fi
done

unzip -q "$release/keyless-$version.vsix" -d "$scratch/extension"
[ "$("$scratch/extension/extension/dist/bin/keyless" --version)" = "keyless $version" ] || fail 'the command of the extension does not start'
grep -q "\"version\": \"$version\"" "$scratch/extension/extension/package.json" || fail 'the extension has another version'
echo 'extension for VS Code: its command starts; VS Code itself is not here'

mkdir "$scratch/page"
tar --extract --gzip --directory="$scratch/page" --file="$release/keyless-page-$version.tgz"
KEYLESS_SITE=$scratch/page node web/tests/released.mjs

tar --extract --gzip --directory="$scratch" --file="$release/keyless-pipe-$version.tgz"
grep -qE "^image: \S+/keyless-pipe:${version//./\\.}$" "$scratch/keyless-pipe-$version/pipe.yml" || fail 'pipe.yml names another image'
"$binary" lint --quiet - >"$scratch/lint" 2>&1 <<Y || true
pipelines:
  default:
    - step:
        oidc: true
        script:
          - $(grep -m 1 -o 'pipe: docker://.*' "$scratch/keyless-pipe-$version/README.md" | sed 's|<registry>|docker.io/acme|')
            variables: {AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/deploy', AWS_REGION: eu-central-1}
Y
grep -q deploy-from-any-branch "$scratch/lint" || { cat "$scratch/lint"; fail 'the command does not know the pipe of the README'; }
echo "pipe's repository: as expected"

image=$release/keyless-pipe-$version.oci.tar
if [ ! -e "$image" ]; then
    echo 'image: it is not in the release'
    exit
fi
tar --extract --directory="$scratch" --file="$image" index.json
mapfile -t tags < <(node -p 'JSON.parse(fs.readFileSync(process.argv[1])).manifests.map((m) => m.annotations["org.opencontainers.image.ref.name"]).join("\n")' "$scratch/index.json")
for tag in "${tags[@]}"; do
    local=localhost/keyless-released:$tag
    id=$(pipe/image/build.sh podman pull --quiet "oci-archive:$image:$tag")
    pipe/image/build.sh podman tag "$id" "$local"
    in_image() { pipe/image/build.sh podman run --rm "$@"; }
    [ "$(in_image --entrypoint /usr/local/bin/keyless "$local" --version)" = "keyless $version" ] || fail "keyless does not start in $tag"
    status=0
    said=$(in_image "$local" 2>&1) || status=$?
    # without settings, the pipe says which are missing
    [ "$status" != 0 ] && grep -q AWS_ROLE_ARN <<<"$said" || fail "the pipe of $tag: status $status, $said"
    [ "$(in_image --entrypoint /usr/local/bin/cdk "$local" --version | cut -d ' ' -f 1)" != '' ] || fail "the CDK does not start in $tag"
    # podman names what it pulls by the tag
    pipe/image/build.sh podman untag "$id" "$local" "localhost/$tag:latest"
    echo "image $tag: as expected"
done
