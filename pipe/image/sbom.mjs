// Writes what is in the image as CycloneDX: crates from Cargo.lock, packages from package-lock.json and requirements.txt. Debian's
// packages are in the image's own dpkg database.
// usage: node sbom.mjs <Cargo metadata as JSON> <package-lock.json> [--only <package>,…] [--pypi <requirements.txt>]
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { positionals, values: given } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, pypi: { type: 'string' } },
});
const [cargo, npm] = positionals.map((file) => JSON.parse(readFileSync(file, 'utf8')));
const only = given.only?.split(',');

const crates = cargo.packages
  .filter((crate) => crate.source)
  .map(({ name, version, license }) => ({ name, version, license, purl: `pkg:cargo/${name}@${version}` }));
const packages = Object.entries(npm.packages)
  // a package with the ones below it
  .filter(([path]) => path && (!only || only.some((name) => `${path}/`.startsWith(`node_modules/${name}/`))))
  .map(([path, { version, license }]) => {
    const name = path.replace(/^.*node_modules\//, '');
    return { name, version, license, purl: `pkg:npm/${name.replace('@', '%40')}@${version}` };
  });
const pinned = given.pypi ? readFileSync(given.pypi, 'utf8').matchAll(/^([\w.-]+)==(\S+)/gm) : [];
const python = Array.from(pinned, ([, name, version]) => ({ name, version, purl: `pkg:pypi/${name}@${version}` }));

const components = [...crates, ...packages, ...python]
  .sort((a, b) => (a.purl < b.purl ? -1 : a.purl > b.purl ? 1 : 0))
  .map(({ name, version, license, purl }) => ({
    type: 'library',
    name,
    version,
    purl,
    ...(license && { licenses: [{ expression: license }] }),
  }));
process.stdout.write(`${JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1, components }, null, 1)}\n`);
