// Prints what a build contains as CycloneDX.
//
//   node packaging/sbom.mjs --name keyless --crates keyless --target x86_64-unknown-linux-musl
//
// `--merge FILE` adds to what such a file lists. packaging/inventory.mjs lists the other options.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { OPTIONS, VERSION, crates, debian, demandFiles, npm, pypi } from "./inventory.mjs";

const { values } = parseArgs({ options: { ...OPTIONS, name: { type: "string" }, type: { type: "string", default: "application" }, merge: { type: "string" } } });
demandFiles("sbom.mjs", values);

/** An SPDX expression, or what the package says instead. */
const licenses = (license) => (/^[\w.+()-]+( (AND|OR|WITH) [\w.+()-]+)*$/.test(license) ? [{ expression: license }] : [{ license: { name: license } }]);

const before = values.merge && JSON.parse(readFileSync(values.merge, "utf8"));
const added = [crates, debian, npm, pypi]
  .flatMap((listed) => listed(values))
  .map(({ name, version, license, hashes, purl }) => ({
    type: "library",
    "bom-ref": purl,
    name,
    version,
    ...(hashes && { hashes }),
    ...(license && { licenses: licenses(license) }),
    purl,
  }));
const components = [...(before?.components ?? []), ...added]
  // a package that is at two places of node_modules
  .filter(({ purl }, index, all) => all.findIndex((other) => other.purl === purl) === index);

const time = process.env.SOURCE_DATE_EPOCH;
const metadata = {
  ...(time && { timestamp: new Date(time * 1000).toISOString() }),
  component: before?.metadata.component ?? { type: values.type, "bom-ref": values.name, name: values.name, version: VERSION, licenses: [{ expression: "MIT OR Apache-2.0" }] },
};
process.stdout.write(`${JSON.stringify({ bomFormat: "CycloneDX", specVersion: "1.5", version: 1, metadata, components }, null, 1)}\n`);
