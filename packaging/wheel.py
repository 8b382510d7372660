"""Packs a built `keyless` as a wheel: `pip install` then puts it on the PATH without building it.

    python3 packaging/wheel.py BINARY VERSION PLATFORM NOTICES FOLDER

PLATFORM is the tag of the wheel, several joined by dots, or `-` for this machine's. NOTICES has the licences of the dependencies.

`pip install .` in a checkout builds the command instead. Source of the format: packaging.python.org, "Binary distribution format".
"""

import base64
import hashlib
import pathlib
import sys
import sysconfig
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def metadata(version):
    """The core metadata, as pyproject.toml gives them for a wheel that pip builds."""
    lines = [
        "Metadata-Version: 2.4",
        "Name: keyless",
        f"Version: {version}",
        "Summary: a linter for bitbucket-pipelines.yml that understands OIDC and AWS",
        "License-Expression: MIT OR Apache-2.0",
        *(f"License-File: {name}" for name in [*LICENSES, NOTICES]),
        "Requires-Python: >=3.9",
        "Description-Content-Type: text/markdown",
    ]
    return "\n".join(lines) + "\n\n" + (ROOT / "README.md").read_text(encoding="utf-8")


LICENSES = ["LICENSE", "LICENSE-MIT", "LICENSE-APACHE"]
NOTICES = "THIRD-PARTY-NOTICES.txt"


def main(binary, version, platforms, notices, folder):
    if platforms == "-":
        platforms = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    tag = f"py3-none-{platforms}"
    tags = "".join(f"Tag: py3-none-{platform}\n" for platform in platforms.split("."))
    binary = pathlib.Path(binary)
    info = f"keyless-{version}.dist-info"
    wheel = f"Wheel-Version: 1.0\nGenerator: keyless\nRoot-Is-Purelib: false\n{tags}"
    files = {
        f"keyless-{version}.data/scripts/{binary.name}": binary.read_bytes(),
        f"{info}/METADATA": metadata(version).encode(),
        f"{info}/WHEEL": wheel.encode(),
        **{f"{info}/licenses/{name}": (ROOT / name).read_bytes() for name in LICENSES},
        f"{info}/licenses/{NOTICES}": pathlib.Path(notices).read_bytes(),
    }
    record = ""
    with zipfile.ZipFile(pathlib.Path(folder) / f"keyless-{version}-{tag}.whl", "w", zipfile.ZIP_DEFLATED) as archive:

        def add(name, content):
            # the same time in every build
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if "/scripts/" in name else 0o100644) << 16
            archive.writestr(entry, content)

        for name, content in files.items():
            add(name, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record += f"{name},sha256={digest},{len(content)}\n"
        add(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
