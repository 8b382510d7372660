// Builds the static site into dist/: module, glue, page; then weighs the first load against its budget.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

import { build } from "esbuild";

import { writeReference } from "./reference.mjs";

const WEB = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(WEB);
const WORK = join(WEB, ".build");
const DIST = join(WEB, "dist");

/** Bytes after brotli at its highest level, which static hosts use for files that they compress once. */
const BUDGET = { wasm: 200 * 1024, firstLoad: 350 * 1024 };

const run = (program, ...args) => execFileSync(program, args, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });

/** Where cargo puts things: a `.cargo/config.toml` or the environment may say so. */
function targetFolder() {
  const metadata = execFileSync("cargo", ["metadata", "--format-version=1", "--no-deps"], { cwd: ROOT, maxBuffer: 1 << 28 });
  return JSON.parse(metadata).target_directory;
}

function wasm() {
  run("cargo", "build", "--quiet", "--locked", "-p", "keyless-wasm", "--target", "wasm32-unknown-unknown", "--profile", "wasm");
  run("cargo", "build", "--quiet", "--locked", "-p", "keyless-bindgen");
  const target = targetFolder();
  run(join(target, "debug", "keyless-bindgen"), join(target, "wasm32-unknown-unknown", "wasm", "keyless_wasm.wasm"), WORK);
  run(
    join(WEB, "node_modules", ".bin", "wasm-opt"),
    "-Oz",
    "--strip-debug",
    "--strip-producers",
    join(WORK, "keyless_wasm_bg.wasm"),
    "--output",
    join(DIST, "keyless.wasm"),
  );
}

const SHARED = { bundle: true, format: "esm", minify: true, target: ["es2022"], loader: { ".yml": "text" }, logLevel: "warning", legalComments: "none" };

async function scripts() {
  await build({ ...SHARED, absWorkingDir: WEB, entryPoints: { main: "src/main.ts", worker: "src/worker/worker.ts" }, outdir: DIST });
}

/** The words of src/text.ts. */
async function words() {
  const bundled = await build({ ...SHARED, absWorkingDir: WEB, entryPoints: ["src/text.ts"], write: false, platform: "neutral" });
  return import(`data:text/javascript,${encodeURIComponent(bundled.outputFiles[0].text)}`);
}

/** index.html with the words of src/text.ts. */
function page({ page }) {
  const html = readFileSync(join(WEB, "index.html"), "utf8").replace(/\{\{(\w+)\}\}/g, (_, name) => {
    if (!(name in page)) throw new Error(`index.html asks for {{${name}}}, which src/text.ts does not have`);
    return page[name].replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
  });
  writeFileSync(join(DIST, "index.html"), html);
}

/** One page a rule, from the documentation inside the module itself. */
async function reference(words) {
  const { default: start, rules } = await import(pathToFileURL(join(WORK, "keyless_wasm.js")).href);
  await start({ module_or_path: readFileSync(join(DIST, "keyless.wasm")) });
  writeReference(join(DIST, "rules"), JSON.parse(rules()), words);
}

/** The service worker, last: it knows every other file, and changes when one of them does. */
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

/** Prints what a first visit loads (the files at the top; the reference is read later), and fails when it is too much. */
function weigh() {
  const rows = readdirSync(DIST, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => {
      const bytes = readFileSync(join(DIST, name));
      const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
      return { name, raw: bytes.length, brotli: brotliCompressSync(bytes, { params }).length };
    })
    .sort((a, b) => b.brotli - a.brotli);
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
  const line = (name, raw, brotli) => console.log(`${name.padEnd(22)}${String(raw).padStart(9)}${String(brotli).padStart(9)}`);
  line("file", "bytes", "brotli");
  for (const { name, raw, brotli } of rows) line(name, raw, brotli);
  line("first load", sum("raw"), sum("brotli"));
  const module = rows.find(({ name }) => name === "keyless.wasm").brotli;
  if (module > BUDGET.wasm) throw new Error(`keyless.wasm has ${module} bytes after brotli; the budget is ${BUDGET.wasm}`);
  if (sum("brotli") > BUDGET.firstLoad) throw new Error(`the first load has ${sum("brotli")} bytes after brotli; the budget is ${BUDGET.firstLoad}`);
}

rmSync(DIST, { recursive: true, force: true });
mkdirSync(DIST, { recursive: true });
mkdirSync(WORK, { recursive: true });
cpSync(join(WEB, "static"), DIST, { recursive: true });
wasm();
const TSC = join(WEB, "node_modules", ".bin", "tsc");
run(TSC, "--project", WEB);
run(TSC, "--project", join(WEB, "src", "worker"));
run(TSC, "--project", join(WEB, "src", "offline"));
await scripts();
const text = await words();
page(text);
await reference(text);
await offline();
weigh();
