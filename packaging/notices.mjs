// Prints the licences of what a build contains, with their texts: the file THIRD-PARTY-NOTICES.txt of a package. Packages of npm have
// to be installed.
//
//   node packaging/notices.mjs --name "The keyless command" --crates keyless --target x86_64-unknown-linux-musl
//
// packaging/inventory.mjs lists the other options.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { OPTIONS, crates, demandFiles, npm, read } from "./inventory.mjs";

const { values } = parseArgs({ options: { ...OPTIONS, name: { type: "string" } } });
demandFiles("notices.mjs", values);
const RULE = "-".repeat(80);

/** What every build of Rust contains. Its texts are those of our own licences, with other holders of the copyright. */
const own = (file) => read(file).trim();
const permission = own("LICENSE-MIT").slice(own("LICENSE-MIT").indexOf("Permission is hereby granted"));
const toolchain = [
  {
    name: "Rust standard library",
    version: read("rust-toolchain.toml").match(/channel = "(.*)"/)[1],
    license: "MIT OR Apache-2.0",
    url: "https://github.com/rust-lang/rust",
    texts: [`Copyright (c) The Rust Project Contributors\n\n${permission}`],
  },
  {
    name: "musl libc",
    version: "",
    license: "MIT",
    url: "https://musl.libc.org",
    texts: [`Copyright © 2005-2020 Rich Felker, et al.\n\n${permission}`],
  },
];

const NAMES = /^(licen[cs]e|copying|copyright|notice|unlicense)/i;

/** The texts in a package. Where one may choose, MIT: it asks for the copyright of each, which is in its file. */
function texts({ folder, license }) {
  const files = existsSync(folder) ? readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile() && NAMES.test(entry.name)) : [];
  const chosen = / OR MIT\b|\bMIT OR /.test(license) && !/ AND /.test(license) ? files.filter(({ name }) => /mit|notice/i.test(name)) : [];
  const found = (chosen.length ? chosen : files).map(({ name }) => readFileSync(join(folder, name), "utf8").replaceAll("\r\n", "\n").trim());
  return found.length ? found : [WITHOUT[license?.includes("Apache-2.0") ? "Apache-2.0" : "MIT"]];
}

/** For packages that come without a text. */
const WITHOUT = { "Apache-2.0": own("LICENSE-APACHE"), MIT: permission };

const linked = toolchain.filter(({ name }) => values.crates && (name !== "musl libc" || values.target.endsWith("musl")));
const components = [...linked, ...[crates, npm].flatMap((listed) => listed(values)).map((part) => ({ ...part, texts: texts(part) }))];

/** Each text once, with those that have it. */
const holders = new Map();
for (const { name, version, texts } of components) {
  for (const text of texts) {
    const key = text.replace(/\s+/g, " ");
    const entry = holders.get(key) ?? { text, names: new Set() };
    entry.names.add(`${name} ${version}`.trim());
    holders.set(key, entry);
  }
}

const rows = components.map(({ name, version, license, url }) => `${`${name} ${version}`.trim()}: ${license ?? "see its text"}${url ? `, ${url}` : ""}`);
const head = `${values.name} contains the following software of others, under these licences.\nTheir texts are below.`;
const bodies = [...holders.values()].map(({ text, names }) => `${RULE}\n${[...names].join("\n")}\n${RULE}\n\n${text}\n`);
process.stdout.write(`${head}\n\n${[...new Set(rows)].join("\n")}\n\n${bodies.join("\n")}`);
