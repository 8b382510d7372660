#!/usr/bin/env bash
# Packs a folder, so that the same files give the same archive: sorted, with one time (SOURCE_DATE_EPOCH) and one owner.
#
#   packaging/archive.sh FOLDER ARCHIVE            with FOLDER as its root, for .tgz compressed
#   packaging/archive.sh --content FOLDER ARCHIVE  with what is in it
set -euo pipefail
content=
if [ "$1" = --content ]; then
    content=yes
    shift
fi
parent=$(dirname "$1") name=$(basename "$1")
[ -z "$content" ] || parent=$1 name=.
pack() {
    local names=("$name")
    [ -z "$content" ] || mapfile -t names < <(ls -A "$parent" | sort)
    tar --create --sort=name --format=ustar --mtime="@${SOURCE_DATE_EPOCH:-0}" --owner=0 --group=0 --numeric-owner \
        --mode=u+rw,go+r-w,a+X --directory="$parent" "${names[@]}"
}
case $2 in
    *.tgz) pack | gzip --no-name >"$2" ;;
    *) pack >"$2" ;;
esac
