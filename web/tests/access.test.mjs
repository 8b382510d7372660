// Keyboard, screen reader, narrow screens.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";

import { start } from "./browser.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe("access", () => {
  let keyless;
  before(async () => (keyless = await start()));
  after(() => keyless.close());

  for (const colorScheme of ["light", "dark"]) {
    it(`has nothing that axe finds serious, ${colorScheme}`, async () => {
      const visit = await keyless.visit({ context: { colorScheme } });
      const views = await visit.page.getByRole("tab").all();
      for (const view of views) {
        await view.click();
        // The policy of the page forbids inline scripts, which does not bind the test's own evaluation.
        await visit.page.evaluate(AXE);
        const { violations } = await visit.page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
        const serious = violations
          .filter(({ impact }) => impact === "serious" || impact === "critical")
          .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("; ")}`);
        assert.deepEqual(serious, [], await view.innerText());
      }
      await visit.close();
    });
  }

  it("fits a phone", async () => {
    const visit = await keyless.visit({ context: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true } });
    for (const view of await visit.page.getByRole("tab").all()) {
      await view.tap();
      const wide = await visit.page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= 360, `${await view.innerText()}: ${wide} pixels wide`);
    }
    await visit.close();
  });

  it("can be left, once entered, with the keyboard alone", async () => {
    const visit = await keyless.visit();
    await visit.page.locator(".cm-content").focus();
    await visit.page.keyboard.press("Escape");
    await visit.page.keyboard.press("Tab");
    const focused = await visit.page.evaluate(() => document.activeElement.id);
    assert.notEqual(focused, "editor");
    await visit.close();
  });
});
