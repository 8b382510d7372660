#!/usr/bin/env bash
# Packs a built `keyless` in every form, installs each from its file, and lints a pipeline with what was installed. Needs what
# `make web` builds.
#
#   tests/packages/run.sh BINARY MANUAL [FOLDER]
#
# FOLDER receives the packages; without it they are removed.
set -euo pipefail
checkout=$(cd "$(dirname "$0")/../.." && pwd)
target=$(rustc -vV | sed -n 's/^host: //p')
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
packages=${3:-$scratch/packages}
"$checkout/packaging/build.sh" "$2" "$packages" "$target=$1"
"$checkout/tests/packages/installed.sh" "$packages" "$target"
