#!/usr/bin/env bash
# Fuzzes the targets one after the other: run.sh [TARGET...], FUZZ_SECONDS each (60 without it).
# Prints a table of executions; an input that breaks a target is left in tests/fuzz/artifacts/TARGET.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=0.13.2
tools=$PWD/.tools/cargo-fuzz
if ! "$tools/bin/cargo-fuzz" --version 2>/dev/null | grep -q " $version\$"; then
  echo "installing cargo-fuzz $version into .tools"
  cargo install --quiet --locked --root "$tools" --version "$version" cargo-fuzz
fi
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(sed -n '/^\[\[bin\]\]/{n;s/^name = "\(.*\)"/\1/p}' tests/fuzz/Cargo.toml)
seconds=${FUZZ_SECONDS:-60}
echo "== seeds"
cargo run --quiet -p keyless-tests --bin seeds -- tests/fuzz/corpus "${targets[@]}"
echo "== build"
# without a sanitizer: the code has no `unsafe`, twice as many inputs are worth more, and no nightly toolchain is needed
"$tools/bin/cargo-fuzz" build --fuzz-dir tests/fuzz --sanitizer none --release >/dev/null 2>&1 ||
  "$tools/bin/cargo-fuzz" build --fuzz-dir tests/fuzz --sanitizer none --release
log=$(mktemp)
trap 'rm -f "$log"' EXIT
broken=0
rows=()
for target in "${targets[@]}"; do
  echo "== $target, $seconds s"
  if ! "$tools/bin/cargo-fuzz" run --fuzz-dir tests/fuzz --sanitizer none --release "$target" -- \
    -max_total_time="$seconds" -max_len=4096 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 >"$log" 2>&1; then
    broken=1
    grep -a -B2 -A20 'panicked at\|ERROR: libFuzzer' "$log" | head -60
    grep -a 'Test unit written\|artifact_prefix' "$log" || true
  fi
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  rows+=("| \`$target\` | ${executions:-0} | $seconds s | $(find "tests/fuzz/corpus/$target" -type f | wc -l) |")
done
printf '\n| target | executions | time | corpus |\n|---|---|---|---|\n'
printf '%s\n' "${rows[@]}"
exit $broken
