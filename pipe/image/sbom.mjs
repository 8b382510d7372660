// Writes what is in the image as CycloneDX: crates from Cargo.lock, packages from package-lock.json. Debian's packages are in
// the image's own dpkg database.
// usage: node sbom.mjs <Cargo metadata as JSON> <package-lock.json>
import { readFileSync } from 'node:fs';

const [cargo, npm] = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, 'utf8')));

const crates = cargo.packages
  .filter((crate) => crate.source)
  .map(({ name, version, license }) => ({ name, version, license, purl: `pkg:cargo/${name}@${version}` }));
const packages = Object.entries(npm.packages)
  .filter(([path]) => path)
  .map(([path, { version, license }]) => {
    const name = path.replace(/^.*node_modules\//, '');
    return { name, version, license, purl: `pkg:npm/${name.replace('@', '%40')}@${version}` };
  });

const components = [...crates, ...packages]
  .sort((a, b) => (a.purl < b.purl ? -1 : a.purl > b.purl ? 1 : 0))
  .map(({ name, version, license, purl }) => ({
    type: 'library',
    name,
    version,
    purl,
    ...(license && { licenses: [{ expression: license }] }),
  }));
process.stdout.write(`${JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1, components }, null, 1)}\n`);
