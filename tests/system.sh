#!/usr/bin/env bash
# Checks that the machine has what the given parts need, and installs what is missing: Debian packages (as root or
# through sudo) and Rust targets. Prints what it installs, and nothing if nothing is missing.
#
#   tests/system.sh rust python node emulator browser containers musl archives editors shells counters signing
set -euo pipefail
cd "$(dirname "$0")/.."

packages=()
# want <command> <package>...
want() { command -v "$1" >/dev/null || packages+=("${@:2}"); }

need_rust() { want cc gcc libc6-dev; }

need_python() {
    want python3 python3 python3-venv
    want git git
    # Debian's python3 comes without the part of venv that installs pip
    ! command -v python3 >/dev/null || python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
}

need_node() { want npm nodejs npm; }

need_emulator() {
    need_python
    need_node
    want openssl openssl
}

need_containers() {
    need_node
    need_python
    want buildah buildah
    want podman podman runc netavark
    want mmdebstrap mmdebstrap
    need_musl
}

# what links static binaries
need_musl() { want musl-gcc musl-tools; }

# what signs the checksums of a release
need_signing() { want minisign minisign; }

# what looks into the extension's package
need_archives() { want unzip unzip; }

# what drives the language server
need_editors() {
    need_node
    want nvim neovim
}

need_browser() {
    need_node
    want chromium chromium
    want chromedriver chromium-driver
}

# what reads the completions and the manual pages
need_shells() {
    want zsh zsh
    want fish fish
    want mandoc mandoc
}

# what counts the instructions of a run
need_counters() { want valgrind valgrind; }

for part in "$@"; do
    case $part in
        rust | python | node | emulator | browser | containers | musl | archives | editors | shells | counters | signing) "need_$part" ;;
        *)
            echo "tests/system.sh: unknown part \`$part\`; expected rust, python, node, emulator, browser, containers, musl, archives, editors, shells, counters or signing" >&2
            exit 2
            ;;
    esac
done

if [ ${#packages[@]} -gt 0 ]; then
    if ! command -v apt-get >/dev/null; then
        echo "missing packages: ${packages[*]} (Debian names); install them and try again" >&2
        exit 2
    fi
    as_root=()
    if [ "$(id -u)" != 0 ]; then
        as_root=(sudo)
        command -v sudo >/dev/null || {
            echo "missing packages: ${packages[*]}; run as root: apt-get install ${packages[*]}" >&2
            exit 2
        }
    fi
    echo "installing system packages: ${packages[*]}"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

if [[ " $* " == *' rust '* ]]; then
    command -v cargo >/dev/null || {
        echo 'Rust is not installed; install rustup (https://rustup.rs) and try again' >&2
        exit 2
    }
    # rust-toolchain.toml names the version; rustup may be configured not to install it automatically
    if command -v rustup >/dev/null; then
        rustc --version >/dev/null 2>&1 || rustup toolchain install
        targets=(wasm32-unknown-unknown)
        [[ " $* " != *' containers '* && " $* " != *' musl '* ]] || targets+=(x86_64-unknown-linux-musl)
        for target in "${targets[@]}"; do
            rustup target list --installed | grep -qx "$target" || {
                echo "installing the Rust target $target"
                rustup target add "$target"
            }
        done
    fi
fi
