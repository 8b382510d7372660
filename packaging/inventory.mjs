// What a build contains: crates as cargo resolves them for it, and packages of lock files. packaging/sbom.mjs and
// packaging/notices.mjs write it down.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
export const read = (file) => readFileSync(join(ROOT, file), "utf8");
const cargo = (...args) => execFileSync("cargo", args, { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] });

/** The version of the workspace. */
export const VERSION = read("Cargo.toml").match(/\[workspace\.package\]\nversion = "(.*)"/)[1];

/** Options of the programs: what cargo builds, and the lock files. */
export const OPTIONS = {
  /** packages of the workspace, separated by commas */
  crates: { type: "string", default: "" },
  target: { type: "string" },
  /** the features of cargo, instead of the default ones */
  features: { type: "string" },
  /** a package-lock.json */
  npm: { type: "string" },
  /** packages of npm, with those below them; without it all that are not for development */
  only: { type: "string" },
  /** a requirements.txt */
  pypi: { type: "string" },
  /** the `var/lib/dpkg/status` of an image */
  dpkg: { type: "string" },
  /** packages of Debian; without it all that are installed */
  debian: { type: "string" },
};

const byPurl = (a, b) => (a.purl < b.purl ? -1 : a.purl > b.purl ? 1 : 0);

/** The crates of others that are linked into packages of the workspace. Macros run only in the compiler, and are left out. */
export function crates({ crates, target, features }) {
  if (!crates) return [];
  const chosen = features === undefined ? [] : ["--no-default-features", "--features", features];
  const packages = crates.split(",").flatMap((name) => ["--package", name]);
  const shape = ["--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"];
  const tree = cargo("tree", "--locked", "--quiet", ...packages, ...chosen, "--target", target, ...shape);
  const linked = new Set(tree.split("\n").flatMap((line) => line.match(/^\S+ v\S+/) ?? []));
  const sums = new Map(
    Array.from(read("Cargo.lock").matchAll(/name = "(.*)"\nversion = "(.*)"\nsource = ".*"\nchecksum = "(.*)"/g), ([, name, version, sum]) => [`${name} v${version}`, sum]),
  );
  return JSON.parse(cargo("metadata", "--locked", "--format-version=1"))
    .packages.filter(({ name, version, source }) => source && linked.has(`${name} v${version}`))
    .map(({ name, version, license, repository, manifest_path }) => ({
      name,
      version,
      // an old way to write OR
      license: license?.replace(/ ?\/ ?/g, " OR "),
      url: repository,
      folder: dirname(manifest_path),
      hashes: [{ alg: "SHA-256", content: sums.get(`${name} v${version}`) }],
      purl: `pkg:cargo/${name}@${version}`,
    }))
    .sort(byPurl);
}

/** The packages of a package-lock.json that are not for development. */
export function npm({ npm, only }) {
  if (!npm) return [];
  const names = only?.split(",");
  return Object.entries(JSON.parse(readFileSync(npm, "utf8")).packages)
    .filter(([path, entry]) => path && !entry.dev && (!names || names.some((name) => `${path}/`.startsWith(`node_modules/${name}/`))))
    .map(([path, { version, license, integrity }]) => {
      const name = path.replace(/^.*node_modules\//, "");
      return {
        name,
        version,
        license,
        url: `https://www.npmjs.com/package/${name}`,
        folder: join(dirname(npm), path),
        hashes: integrity && [{ alg: "SHA-512", content: Buffer.from(integrity.slice(7), "base64").toString("hex") }],
        purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
      };
    })
    .sort(byPurl);
}

/** The packages of a requirements.txt. */
export function pypi({ pypi }) {
  if (!pypi) return [];
  const pinned = readFileSync(pypi, "utf8").matchAll(/^([\w.-]+)==([^\s;]+)/gm);
  return Array.from(pinned, ([, name, version]) => ({ name, version, purl: `pkg:pypi/${name}@${version}` }));
}

/** The installed packages of Debian. Their licences are in `usr/share/doc` of the image. */
export function debian({ dpkg, debian }) {
  if (!dpkg) return [];
  const field = (text, name) => text.match(new RegExp(`^${name}: (.*)$`, "m"))?.[1];
  return readFileSync(dpkg, "utf8")
    .split("\n\n")
    .filter((text) => /^Status: install ok installed$/m.test(text))
    .map((text) => ["Package", "Version", "Architecture"].map((name) => field(text, name)))
    .filter(([name]) => !debian || debian.split(",").includes(name))
    .map(([name, version, arch]) => ({ name, version, purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${arch}` }))
    .sort(byPurl);
}

/** Fails where a file that an option names is missing. */
export function demandFiles(program, { npm, pypi, dpkg }) {
  for (const file of [npm, pypi, dpkg]) {
    if (file && !existsSync(file)) {
      console.error(`packaging/${program}: \`${file}\` does not exist`);
      process.exit(2);
    }
  }
}
