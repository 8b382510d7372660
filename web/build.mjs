// Builds the static site into dist/: modules, glue, page, documentation; then checks the size of the first load.

import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

import { build } from "esbuild";

import { writeGuides } from "./guides.mjs";
import { writeReference } from "./reference.mjs";

const WEB = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(WEB);
const WORK = join(WEB, ".build");
const DIST = join(WEB, "dist");

/** Bytes after brotli at its highest level, which static hosts use for files that they compress once. */
const BUDGET = { wasm: 280 * 1024, firstLoad: 440 * 1024 };

/** Runs a program next to others. */
const start = (program, args, options = {}) =>
  new Promise((done, failed) => {
    const child = spawn(program, args, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"], ...options });
    child.on("error", failed);
    child.on("exit", (code) => (code === 0 ? done() : failed(new Error(`${program} ended with ${code}`))));
  });

const run = (program, ...args) => execFileSync(program, args, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });

/** The target directory of cargo, which a `.cargo/config.toml` or the environment may set. */
function targetFolder() {
  const metadata = execFileSync("cargo", ["metadata", "--format-version=1", "--no-deps"], { cwd: ROOT, maxBuffer: 1 << 28 });
  return JSON.parse(metadata).target_directory;
}

/**
 * The modules: the features of crates/wasm, the profile of cargo, and how they are compiled and optimized. The first is loaded
 * at once and has to be small, the other after the first findings and has to be fast.
 */
const MODULES = {
  // inlining what is called in several places makes the module larger
  keyless: { features: [], profile: "wasm", flags: ["-Cllvm-args=-inline-threshold=0"], level: "-Oz" },
  complete: { features: ["complete"], profile: "wasm-complete", flags: [], level: "-O2" },
};

/** Local paths must not be published, and cost bytes. */
const REMAPPED = [
  `--remap-path-prefix=${process.env.CARGO_HOME ?? join(homedir(), ".cargo")}=cargo`,
  `--remap-path-prefix=${ROOT}=keyless`,
];

async function wasm(tool) {
  // Each has a profile of its own, so that cargo builds them next to each other: linking a module takes one processor.
  await Promise.all(Object.entries(MODULES).map(([name, module]) => wasmModule(tool, name, module)));
}

async function wasmModule(tool, name, { features, profile, flags, level }) {
  const env = { ...process.env, CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: [...REMAPPED, ...flags].join(" ") };
  const build = ["build", "--quiet", "--locked", "-p", "keyless-wasm", "--target", "wasm32-unknown-unknown", "--profile", profile];
  const chosen = ["--no-default-features", ...features.flatMap((feature) => ["--features", feature])];
  await start("cargo", [...build, ...chosen], { env });
  const module = join(dirname(dirname(tool)), "wasm32-unknown-unknown", profile, "keyless_wasm.wasm");
  await start(tool, ["module", module, join(WORK, name)]);
  const optimize = [level, "--reorder-functions-by-name", "--strip-debug", "--strip-producers"];
  const [from, to] = [join(WORK, name, "keyless_wasm_bg.wasm"), join(DIST, `${name}.wasm`)];
  await start(join(WEB, "node_modules", ".bin", "wasm-opt"), [...optimize, from, "--output", to]);
}

/** Builds web/bindgen, with the features of the whole workspace: so its dependencies are those of the tests. */
function tool() {
  run("cargo", "build", "--quiet", "--locked", "--workspace", "--bin", "keyless-bindgen");
  return join(targetFolder(), "debug", "keyless-bindgen");
}

const SHARED = { bundle: true, format: "esm", minify: true, target: ["es2022"], loader: { ".yml": "text" }, logLevel: "warning", legalComments: "none" };

async function scripts() {
  await build({ ...SHARED, absWorkingDir: WEB, entryPoints: { main: "src/main.ts", worker: "src/worker/worker.ts" }, outdir: DIST });
}

/** Imports a module of the page that does not use browser APIs. */
async function source(file) {
  const bundled = await build({ ...SHARED, absWorkingDir: WEB, entryPoints: [file], write: false, platform: "neutral" });
  return import(`data:text/javascript,${encodeURIComponent(bundled.outputFiles[0].text)}`);
}

/** index.html with the strings of src/text.ts. */
function page({ page }) {
  const html = readFileSync(join(WEB, "index.html"), "utf8").replace(/\{\{(\w+)\}\}/g, (_, name) => {
    if (!(name in page)) throw new Error(`index.html uses {{${name}}}, which src/text.ts does not define`);
    return page[name].replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  });
  writeFileSync(join(DIST, "index.html"), html);
}

/** The rule reference and the guides. */
function documentation(tool, text, anchors) {
  const rules = JSON.parse(execFileSync(tool, ["rules"], { encoding: "utf8", maxBuffer: 1 << 26 }));
  writeReference(join(DIST, "rules"), rules, text);
  const ids = new Set(Object.values(rules).flat().map(({ id }) => id));
  writeGuides(join(DIST, "docs"), ROOT, { text, anchors, rules: ids });
}

/** The service worker, last: it lists every other file, and changes when one of them does. */
async function offline() {
  const files = readdirSync(DIST, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(DIST, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
  const digest = createHash("sha256");
  for (const file of files) digest.update(file).update("\0").update(readFileSync(join(DIST, file)));
  const define = { FILES: JSON.stringify(files), VERSION: JSON.stringify(digest.digest("hex").slice(0, 16)) };
  await build({ ...SHARED, absWorkingDir: WEB, entryPoints: ["src/offline/service-worker.ts"], format: "iife", outdir: DIST, define });
}

/** Files that are not part of the first load. */
const LATER = ["complete.wasm", "service-worker.js", "pages.css"];

/** Prints the size of the first load, and fails when it exceeds the budget. */
function weigh() {
  const rows = readdirSync(DIST, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => {
      const bytes = readFileSync(join(DIST, name));
      const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
      return { name, raw: bytes.length, brotli: brotliCompressSync(bytes, { params }).length };
    })
    .sort((a, b) => b.brotli - a.brotli);
  const first = rows.filter(({ name }) => !LATER.includes(name));
  const total = { name: "first load", raw: sum(first, "raw"), brotli: sum(first, "brotli") };
  console.log(`${"file".padEnd(22)}${"bytes".padStart(9)}${"brotli".padStart(9)}`);
  for (const { name, raw, brotli } of [...first, total, ...rows.filter(({ name }) => LATER.includes(name))]) {
    console.log(`${name.padEnd(22)}${String(raw).padStart(9)}${String(brotli).padStart(9)}`);
  }
  const module = rows.find(({ name }) => name === "keyless.wasm").brotli;
  if (module > BUDGET.wasm) throw new Error(`keyless.wasm has ${module} bytes after brotli; the budget is ${BUDGET.wasm}`);
  if (total.brotli > BUDGET.firstLoad) throw new Error(`the first load has ${total.brotli} bytes after brotli; the budget is ${BUDGET.firstLoad}`);
}

const sum = (rows, key) => rows.reduce((total, row) => total + row[key], 0);

/** `--keep-modules` keeps the two modules of the last build, for work on the page only. */
const kept = process.argv.includes("--keep-modules") ? Object.keys(MODULES).map((name) => `${name}.wasm`) : [];
for (const name of existsSync(DIST) ? readdirSync(DIST) : []) {
  if (!kept.includes(name)) rmSync(join(DIST, name), { recursive: true });
}
mkdirSync(DIST, { recursive: true });
mkdirSync(WORK, { recursive: true });
cpSync(join(WEB, "static"), DIST, { recursive: true });
const bindgen = tool();
if (!kept.length) await wasm(bindgen);
const TSC = join(WEB, "node_modules", ".bin", "tsc");
run(TSC, "--project", WEB);
run(TSC, "--project", join(WEB, "src", "worker"));
run(TSC, "--project", join(WEB, "src", "offline"));
await scripts();
const text = await source("src/text.ts");
page(text);
documentation(bindgen, text, await source("src/anchors.ts"));
await offline();
weigh();
