import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { eventually, start } from "./browser.mjs";

const STEP = "pipelines:\n  default:\n    - step:\n        script: [make]\n        ";

describe("help while typing", () => {
  let keyless;
  before(async () => (keyless = await start()));
  after(() => keyless.close());

  it("shows the documentation of a key under the mouse", async () => {
    const visit = await keyless.visit();
    await visit.page.locator(".cm-line", { hasText: "definitions:" }).locator("span").first().hover();
    const hover = visit.page.locator(".cm-tooltip .hover");
    await hover.waitFor();
    assert.match(await hover.innerText(), /^definitions in the file\n+services, caches and anchors/);
    const opening = visit.context.waitForEvent("page");
    await hover.getByRole("link", { name: "Open in the reference" }).click();
    const table = await opening;
    await table.waitForLoadState();
    assert.match(await table.locator("tr:target").innerText(), /^definitions\s/);
    await visit.close();
  });

  it("completes keys and values as they are typed", async () => {
    const visit = await keyless.visit();
    await visit.paste(STEP);
    await visit.page.keyboard.type("tri");
    const option = visit.page.locator(".cm-tooltip.completion li[aria-selected]");
    await eventually(async () => assert.match(await option.innerText(), /^trigger/));
    await visit.page.waitForTimeout(120);
    await visit.page.keyboard.press("Enter");
    await visit.page.keyboard.type("ma");
    await eventually(async () => assert.match(await option.innerText(), /^manual/));
    await visit.page.waitForTimeout(120);
    await visit.page.keyboard.press("Enter");
    assert.equal(await visit.text(), `${STEP}trigger: manual`);
    await visit.close();
  });

  it("goes from an alias to its anchor", async () => {
    const visit = await keyless.visit();
    await visit.paste("definitions:\n  steps:\n    - step: &build\n        script: [make]\npipelines:\n  default:\n    - step: *build");
    await visit.page.keyboard.press("F12");
    const line = visit.page.locator(".cm-activeLineGutter").first();
    await eventually(async () => assert.equal(await visit.page.locator(".cm-activeLine").first().innerText(), "    - step: &build"));
    assert.ok(await line.count());
    await visit.close();
  });
});
