// Opens a built page and checks a file in it, for tests/release.sh: `KEYLESS_SITE` is the folder of the page.

import assert from "node:assert/strict";

import { eventually, start } from "./browser.mjs";

const run = await start();
try {
  const page = await run.visit();
  await page.paste("pipelines:\n  default:\n    - step:\n        odic: true\n        script: [make]\n");
  await eventually(async () => assert.deepEqual(await page.findings(), ["misspelled-oidc 4:9"]));
  await page.close();
  console.log("page: as expected");
} finally {
  await run.close();
}
