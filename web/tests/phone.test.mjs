// Narrow screens: every view.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { start } from "./browser.mjs";
import { SCENES } from "./scenes.mjs";

describe("a phone", () => {
  let keyless;
  before(async () => (keyless = await start()));
  after(() => keyless.close());

  it("is wide enough for every view", async () => {
    const wide = [];
    for (const [name, prepare] of Object.entries(SCENES)) {
      const visit = await keyless.visit({ context: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true } });
      await prepare({ ...visit, address: keyless.site.address });
      const width = await visit.page.evaluate(() => document.documentElement.scrollWidth);
      if (width > 360) wide.push(`${name}: ${width} pixels`);
      await visit.close();
    }
    assert.deepEqual(wide, []);
  });
});
