# For GNU make. Everything is installed in .tools/ and node_modules/, which git ignores, except the system packages and the
# Rust targets, which tests/system.sh installs if they are missing.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# cargo and npm already use all processors, and the parts share target/
.NOTPARALLEL:
.PHONY: help setup demo test check cargo-test web web-test hook-test editors editors-test image image-test packages package-test snapshots man format deny version release release-test fuzz

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
STARTED := $(shell date +%s)

# $(call part,name,command): prints a title, runs the command, and prints how long it took
part = @printf '\n== %s\n' '$(1)'; start=$$SECONDS; $(2); printf '== %s: done in %s s\n' '$(1)' $$((SECONDS - start))

PYTHON_TOOLS := .tools/py/.installed
WEB_PACKAGES := web/node_modules/.installed
EDITOR_PACKAGES := tests/editors/node_modules/.installed
EXTENSION_PACKAGES := editors/vscode/node_modules/.installed
# the version that `make deny` installs
CARGO_DENY := 0.20.2

IMAGE := localhost/keyless-pipe:full
# building and running it needs permission to mount, which root has
IMAGE_IS_TESTED := $(if $(shell unshare --mount true 2>&1),,yes)
# the pipe's tests that run again in the image, because they depend on its programs, files and user; what the pipe makes of
# settings, refusals and the CDK's output is the same everywhere, and image.rs has the rest
IN_IMAGE := lifecycle:: network:: packages:: session:: synthesis::the_app_never_sees_the_session


help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# builds the whole workspace, so that the crates have the same features as in the tests
demo: ## deploy the demo app by OIDC to an AWS emulator, and read the deployed value back
	@tests/system.sh rust emulator
	@tests/install.sh
	$(call part,build,cargo build --workspace --bins)
	@$${CARGO_TARGET_DIR:-target}/debug/demo

# The image's programs take minutes to build, most of the time on one processor, and the tests of the page leave one idle: so they
# are built in the background. What fails there fails again where the image is built.
test: setup check ## install what the tests need, and run all of them
ifneq ($(IMAGE_IS_TESTED),)
	@tests/system.sh rust containers
endif
	@$(if $(IMAGE_IS_TESTED),pipe/image/build.sh programs >/dev/null 2>&1 & trap "kill $$! 2>/dev/null || true" EXIT;) \
		$(MAKE) --no-print-directory web-test hook-test cargo-test package-test editors-test image-test
	@printf '\n== all tests passed in %s s\n' "$$(($$(date +%s) - $(STARTED)))"

check: ## check formatting, lints and documentation; warnings are errors
	$(call part,rustfmt,cargo fmt --all --check)
	$(call part,clippy,cargo clippy --workspace --all-targets -- -D warnings)
	$(call part,rustdoc,RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items)

cargo-test: setup ## run the workspace's tests, including end-to-end tests
	$(call part,cargo test,cargo test --workspace)

web: $(WEB_PACKAGES) ## build the page into web/dist
	@tests/system.sh rust
	$(call part,build of the page,npm --prefix web run --silent build)
	$(call part,types of the page,npm --prefix web run --silent check)

web-test: setup web ## test the page in a headless browser
	$(call part,tests of the page,npm --prefix web test)

hook-test: $(PYTHON_TOOLS) ## install and run the hook with pre-commit
	$(call part,pre-commit hook,tests/hook/run.sh)

image: ## build the four variants of the pipe's image
	@tests/system.sh rust containers
	$(call part,image,pipe/image/build.sh)

# Runs the pipe's tests again with the image's binary, and the tests of the image itself.
image-test: setup ## build the image twice, and run it as Bitbucket runs a pipe
ifeq ($(IMAGE_IS_TESTED),)
	@echo 'the image is not tested: building and running it needs permission to mount, which root has'
else
	@tests/system.sh rust containers
	$(call part,image,pipe/image/build.sh small docker python; pipe/image/build.sh --twice full)
	$(call part,keyless exec in the image,KEYLESS_TEST_IMAGE=$(IMAGE) cargo test --workspace --test exec)
	$(call part,pipe in the image,KEYLESS_TEST_IMAGE=$(IMAGE) cargo test --workspace --test pipe -- $(IN_IMAGE))
	$(call part,tests of the image,cargo test --workspace --test image -- --ignored)
endif

setup: $(PYTHON_TOOLS) $(WEB_PACKAGES) $(EDITOR_PACKAGES) ## install what the demo and the tests need
	@tests/system.sh rust emulator browser editors shells counters
	@tests/install.sh
	@tests/package-managers/install.sh

snapshots: setup ## update every snapshot; read the diff before you commit it
	SNAPSHOTS=overwrite $(MAKE) cargo-test hook-test

packages: setup web man ## pack the release build for pip, npm, Debian and cargo-binstall into target/packages
	$(call part,release build,cargo build --release --locked -p keyless)
	$(call part,packages,tests/packages/run.sh $(TARGET)/release/keyless $(TARGET)/man $(TARGET)/packages)

# with the binary of the tests, which has to be there
package-test: setup web man ## pack the debug build, and install every package
	$(call part,packages,tests/packages/run.sh $(TARGET)/debug/keyless $(TARGET)/man)

editors: setup web $(EXTENSION_PACKAGES) ## pack the extension for VS Code into target/editors
	$(call part,release build,cargo build --release --locked -p keyless)
	$(call part,extension,editors/build.sh $(TARGET)/release/keyless $(TARGET)/editors)

# with the binary of the tests, which has to be there
editors-test: setup web $(EXTENSION_PACKAGES) ## test the extension for VS Code, and pack it with the debug build
	$(call part,extension,editors/build.sh $(TARGET)/debug/keyless $(TARGET)/editors-test)

fuzz: ## fuzz every target for FUZZ_SECONDS each (60), or those in FUZZ_TARGETS
	@tests/system.sh rust
	@tests/fuzz/run.sh $(FUZZ_TARGETS)

man: ## write the manual pages into target/man
	@tests/system.sh rust
	$(call part,manual pages,KEYLESS_MAN=$(TARGET)/man cargo test --quiet --workspace --bin keyless -- manual::)

# Building the tool takes minutes, and its optimised build many more. The database of advisories comes from GitHub.
deny: .tools/cargo/.deny-$(CARGO_DENY) ## check the dependencies with cargo-deny: licences, bans, sources, advisories
	$(call part,dependencies,.tools/cargo/bin/cargo-deny --all-features check licenses bans sources)
	@if timeout 120 .tools/cargo/bin/cargo-deny fetch db >/dev/null 2>&1; then .tools/cargo/bin/cargo-deny check advisories; \
		else echo 'advisories: not checked, because the database of RustSec cannot be fetched from GitHub'; fi

.tools/cargo/.deny-$(CARGO_DENY):
	@tests/system.sh rust
	@echo 'installing cargo-deny $(CARGO_DENY) into .tools/cargo'
	@cargo install --quiet --locked --debug --root .tools/cargo --version $(CARGO_DENY) cargo-deny
	@touch $@

version: ## set the version number everywhere: make version VERSION=1.2.3
	@node packaging/version.mjs '$(VERSION)'
	@echo 'now run: make snapshots'

# docs/releasing.md describes it
release: ## build a release into target/release-VERSION and start everything in it: make release VERSION=1.2.3
	@packaging/release.sh '$(VERSION)'
	@$(MAKE) --no-print-directory release-test VERSION='$(VERSION)'

release-test: ## start everything in target/release-VERSION once
	@tests/system.sh browser archives
	$(call part,release,tests/release.sh $(TARGET)/release-$(VERSION) $(MINISIGN_PUBLIC_KEY))

format: ## format the Rust sources
	cargo fmt --all

$(PYTHON_TOOLS): tests/requirements.txt
	@tests/system.sh python
	@echo 'installing the Python test tools into .tools/py'
	@rm -rf .tools/py
	@python3 -m venv .tools/py
	@.tools/py/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@touch $@

$(WEB_PACKAGES): web/package-lock.json
	@tests/system.sh node
	@echo 'installing the packages of the page (npm ci in web/)'
	@npm --prefix web ci --no-audit --no-fund --loglevel=error
	@touch $@

$(EXTENSION_PACKAGES): editors/vscode/package-lock.json
	@tests/system.sh node archives
	@echo 'installing the packages of the extension (npm ci in editors/vscode/)'
	@npm --prefix editors/vscode ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(EDITOR_PACKAGES): tests/editors/package-lock.json
	@tests/system.sh node
	@echo 'installing the protocol library of VS Code (npm ci in tests/editors/)'
	@npm --prefix tests/editors ci --no-audit --no-fund --loglevel=error
	@touch $@
