import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { eventually, start } from "./browser.mjs";
import { DIST } from "./site.mjs";

describe("the documentation of rules", () => {
  let keyless;
  before(async () => (keyless = await start()));
  after(() => keyless.close());

  it("opens next to the editor, and its examples open in it", async () => {
    const visit = await keyless.visit();
    await visit.page.locator("[data-rule=misplaced-oidc] .rule").first().click();
    const article = visit.page.locator("#view-problems article");
    await article.waitFor();
    assert.match(await article.innerText(), /^misplaced-oidc\n/);
    await article.locator(".example.wrong a").first().click();
    await eventually(async () => assert.match(await visit.text(), /^pipelines:\n/));
    await visit.page.getByRole("button", { name: "All problems" }).click();
    await visit.checked();
    assert.ok((await visit.findings()).some((row) => row.startsWith("misplaced-oidc ")), "the example shows its rule");
    await visit.close();
  });

  it("has a page for every rule, each reached from the list", async () => {
    const visit = await keyless.visit();
    await visit.page.getByRole("link", { name: "Rules" }).click();
    const links = await visit.page.locator(".list.rules dt a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    const pages = readdirSync(join(DIST, "rules")).filter((name) => name !== "index.html");
    assert.deepEqual(links.toSorted(), pages.toSorted());
    assert.ok(links.length > 20, `${links.length} rules`);
    for (const link of [links[0], links.at(-1)]) {
      await visit.page.goto(new URL(`rules/${link}`, keyless.site.address).href);
      assert.equal(`${await visit.page.locator("article h1").innerText()}.html`, link);
      assert.ok((await visit.page.locator(".example").count()) > 0);
    }
    await visit.close();
  });
});
