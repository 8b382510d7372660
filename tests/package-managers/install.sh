#!/bin/sh
# Installs the package managers that tests run, each version in a folder of its own: .tools/package-managers/bin/pnpm9/pnpm
# and so on. Does nothing if they are installed.
set -eu

cd "$(dirname "$0")"
tools=../../.tools/package-managers
stamp=$tools/.installed
if cat package-lock.json requirements.txt install.sh | cmp -s - "$stamp"; then
    exit 0
fi
echo 'installing npm and Python package managers into .tools/package-managers'
rm -rf "$tools"
mkdir -p "$tools"
cp package.json package-lock.json "$tools"

npm --prefix "$tools" ci --ignore-scripts --no-audit --no-fund --loglevel=error &
npm=$!
python3 -m venv "$tools/py"
pip="$tools/py/bin/pip --disable-pip-version-check"
# its lines alone, because pip would install the whole file
sed -n '/^uv==/,/[^\\]$/p' requirements.txt >"$tools/uv.txt"
$pip install --quiet --no-deps --require-hashes --requirement "$tools/uv.txt"
# uv needs a tenth of the time, but does not read pip's configuration of a mirror
"$tools/py/bin/uv" pip install --quiet --no-deps --require-hashes --python "$tools/py/bin/python" --requirement requirements.txt ||
    $pip install --quiet --no-deps --require-hashes --requirement requirements.txt
wait "$npm"

# place <folder> <program> <file below node_modules>...: links the first file that exists
place() {
    name=$2
    mkdir -p "$tools/bin/$1"
    link=$tools/bin/$1/$name
    shift 2
    for file in "$@"; do
        if [ -e "$tools/node_modules/$file" ]; then
            chmod +x "$tools/node_modules/$file"
            ln -s "../../node_modules/$file" "$link"
            return
        fi
    done
    echo "tests/package-managers/install.sh: there is no $name for this machine" >&2
    exit 1
}
place pnpm9 pnpm pnpm9/bin/pnpm.cjs
place pnpm10 pnpm pnpm10/bin/pnpm.cjs
place pnpm12 pnpm @pnpm/exe.linux-x64/pnpm @pnpm/exe.linux-arm64/pnpm
place yarn1 yarn yarn1/bin/yarn.js
place yarn4 yarn yarn4/bin/yarn.js
place bun bun @oven/bun-linux-x64/bin/bun @oven/bun-linux-aarch64/bin/bun
for name in pip uv poetry; do
    mkdir -p "$tools/bin/$name"
    ln -s "../../py/bin/$name" "$tools/bin/$name/$name"
done
cat package-lock.json requirements.txt install.sh >"$stamp"
