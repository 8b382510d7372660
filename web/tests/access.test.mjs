// Keyboard, screen reader and narrow screens: in every view, in both themes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";

import { eventually, start } from "./browser.mjs";
import { SCENES } from "./scenes.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The list of completions scrolls as the arrow keys move in it, while the focus stays in the editor. */
const EXCLUDED = [[["#editor", ".cm-tooltip-autocomplete > ul"]]];

/** The rules of axe about colors, which are all that a theme changes. */
const COLORS = ["color-contrast", "link-in-text-block"];

/** A narrow phone, in CSS pixels. */
const PHONE = { width: 360, height: 740 };

/** What axe finds serious: the rule and the elements. */
async function serious(page, options) {
  const { violations } = await page.evaluate(
    ([exclude, options]) => axe.run({ exclude }, { resultTypes: ["violations"], ...options }),
    [EXCLUDED, options],
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("; ")}`);
}

describe("access", () => {
  let keyless;
  before(async () => (keyless = await start()));
  after(() => keyless.close());

  for (const [name, prepare] of Object.entries(SCENES)) {
    it(`has nothing that axe finds serious, and fits a phone: ${name}`, async () => {
      const visit = await keyless.visit({ context: { colorScheme: "light" } });
      await prepare({ ...visit, address: keyless.site.address });
      // The policy of the page forbids inline scripts, which does not bind the test's own evaluation.
      await visit.page.evaluate(AXE);
      assert.deepEqual(await serious(visit.page, {}), [], "light");
      await visit.page.emulateMedia({ colorScheme: "dark" });
      // colors fade from one theme to the other
      await visit.page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
      assert.deepEqual(await serious(visit.page, { runOnly: { type: "rule", values: COLORS } }), [], "dark");
      await visit.page.setViewportSize(PHONE);
      const width = await visit.page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= PHONE.width, `${width} pixels wide on a phone`);
      await visit.close();
    });
  }

  it("can be left, once entered, with the keyboard alone", async () => {
    const visit = await keyless.visit();
    await visit.page.locator(".cm-content").focus();
    await visit.page.keyboard.press("Escape");
    await visit.page.keyboard.press("Tab");
    const focused = await visit.page.evaluate(() => document.activeElement.id);
    assert.notEqual(focused, "editor");
    await visit.close();
  });

  it("announces the result once typing pauses, not on every key", async () => {
    const visit = await keyless.visit();
    const announced = visit.page.locator("#announced[role=status]");
    await eventually(async () => assert.equal(await announced.textContent(), "2 errors, 1 warning, 4 hints"));
    assert.equal(await visit.page.title(), "2 errors, 1 warning, 4 hints · keyless");
    const told = visit.page.evaluate(
      () =>
        new Promise((resolve) => {
          const told = [];
          const announced = document.getElementById("announced");
          new MutationObserver(() => told.push(announced.textContent)).observe(announced, { childList: true });
          setTimeout(() => resolve(told), 2_500);
        }),
    );
    await visit.paste("pipelines:\n  default:\n    - step:\n        script: [make]\n        ");
    await visit.page.keyboard.type("odic: true", { delay: 60 });
    assert.deepEqual(await told, ["1 error"]);
    await visit.close();
  });
});
