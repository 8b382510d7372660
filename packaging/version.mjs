// The version number of everything in this repository, which is that of Cargo.toml.
//
//   node packaging/version.mjs              print it
//   node packaging/version.mjs --check      list the places that have another one
//   node packaging/version.mjs 1.2.3        set it in every place
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** A version as it is in the files. Wheels and the marketplace of VS Code write others in their own ways. */
const VERSION = "(\\d+\\.\\d+\\.\\d+)";

/** Where the version is. The first group of a pattern is the text before it, the second the version. */
const PLACES = [
  ["Cargo.toml", [`(\\[workspace\\.package\\]\\nversion = ")${VERSION}`]],
  ["Cargo.lock", [`(\\[\\[package\\]\\]\\nname = "keyless(?:-\\w+)?"\\nversion = ")${VERSION}`]],
  ...["web", "editors/vscode"].flatMap((folder) => [
    [`${folder}/package.json`, [`(^  "version": ")${VERSION}`]],
    [`${folder}/package-lock.json`, [`(^  "version": ")${VERSION}`, `("": \\{\\n\\s+"name": "[^"]+",\\n\\s+"version": ")${VERSION}`]],
  ]),
];

/** How documentation, examples and snapshots name it: the image, the tag of the repository, the hook. */
const NAMED = [`(<registry>/keyless-pipe:)${VERSION}`, `(example/keyless/raw/v)${VERSION}`, `(example/keyless\\n +rev: v)${VERSION}`];

/** Files that git tracks and that contain a text; not the changelog, which is about older versions. */
function tracked(text) {
  try {
    return execFileSync("git", ["grep", "-lI", "-F", text, "--", ".", ":!CHANGELOG.md"], { cwd: ROOT, encoding: "utf8" }).trim().split("\n");
  } catch (error) {
    // git grep found nothing
    if (error.status === 1) return [];
    throw error;
  }
}

const named = [...new Set(["<registry>/keyless-pipe:", "example/keyless"].flatMap(tracked))].map((file) => [file, NAMED]);
const read = (file) => readFileSync(join(ROOT, file), "utf8");
const fail = (message) => {
  console.error(`packaging/version.mjs: ${message}`);
  process.exit(2);
};

const [wanted, ...more] = process.argv.slice(2);
const current = read("Cargo.toml").match(new RegExp(PLACES[0][1][0]))?.[2];
if (!current) fail("Cargo.toml has no version in [workspace.package]");
if (more.length) fail("expected one argument: a version or --check");

if (wanted === undefined) {
  console.log(current);
} else if (wanted === "--check") {
  let wrong = 0;
  for (const place of [...PLACES, ...named]) {
    const [file, patterns] = place;
    const text = read(file);
    const found = patterns.flatMap((pattern) => [...text.matchAll(new RegExp(pattern, "gm"))]);
    const other = found.filter((match) => match[2] !== current);
    for (const match of other) {
      console.log(`${file}:${text.slice(0, match.index + match[0].length).split("\n").length}: ${match[2]}, but Cargo.toml has ${current}`);
    }
    const missing = PLACES.includes(place) && !found.length;
    if (missing) console.log(`${file}: no version`);
    wrong += other.length + (missing ? 1 : 0);
  }
  process.exitCode = wrong ? 1 : 0;
} else if (!new RegExp(`^${VERSION}$`).test(wanted)) {
  fail(`\`${wanted}\` is not a version; expected three numbers, such as 1.2.3`);
} else {
  for (const [file, patterns] of [...PLACES, ...named]) {
    const text = read(file);
    const changed = patterns.reduce((text, pattern) => text.replace(new RegExp(pattern, "gm"), `$1${wanted}`), text);
    if (changed !== text) writeFileSync(join(ROOT, file), changed);
  }
}
