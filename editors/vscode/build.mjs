// Bundles the extension into dist/. The module of the page has to be built already: `make web`.

import { build } from "esbuild";
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
// another checkout's page, for work on the extension alone
const web = process.env.KEYLESS_WEB ?? join(root, "web");
const glue = join(web, ".build/complete/keyless_wasm.js");
if (!existsSync(glue)) {
  console.error(`${glue} does not exist: run \`make web\` first`);
  process.exit(2);
}
rmSync(join(here, "dist"), { recursive: true, force: true });
mkdirSync(join(here, "dist"));
const options = { bundle: true, platform: "node", target: "node20", alias: { "keyless-wasm": glue }, logLevel: "warning" };
// its default way to load the module is not used
const quiet = { logOverride: { "empty-import-meta": "silent" } };
await build({ ...options, ...quiet, entryPoints: [join(here, "src/extension.ts")], format: "cjs", external: ["vscode"], minify: true, outfile: join(here, "dist/extension.js") });
// for the tests, which have no editor
await build({ ...options, ...quiet, entryPoints: [join(here, "src/checker.ts"), join(here, "src/command.ts")], format: "esm", outdir: join(here, ".build"), outExtension: { ".js": ".mjs" } });
copyFileSync(join(web, "dist/complete.wasm"), join(here, "dist/keyless.wasm"));
for (const license of ["LICENSE", "LICENSE-MIT", "LICENSE-APACHE"]) copyFileSync(join(root, license), join(here, license));
if (process.env.KEYLESS_BINARY) {
  mkdirSync(join(here, "dist/bin"));
  copyFileSync(process.env.KEYLESS_BINARY, join(here, "dist/bin/keyless"));
}
