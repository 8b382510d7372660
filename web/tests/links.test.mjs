// Every link inside the site leads to a file that is there, and to a place in it that is there.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { before, describe, it } from "node:test";

import { start } from "./browser.mjs";
import { DIST } from "./site.mjs";

const unescaped = (text) => text.replace(/&#(\d+);|&amp;/g, (_, code) => (code ? String.fromCharCode(code) : "&"));
const attributes = (html, names) => [...html.matchAll(new RegExp(`\\s(?:${names})="([^"]*)"`, "g"))].map(([, value]) => unescaped(value));

describe("links", () => {
  let pages;
  before(() => {
    const files = readdirSync(DIST, { recursive: true }).filter((name) => name.endsWith(".html"));
    pages = new Map(files.map((name) => [name, readFileSync(`${DIST}/${name}`, "utf8")]));
  });

  it("lead to what is there", () => {
    const files = new Set(readdirSync(DIST, { recursive: true }));
    const broken = [];
    let checked = 0;
    for (const [name, html] of pages) {
      for (const link of attributes(html, "href|src")) {
        if (/^https:/.test(link)) continue;
        checked += 1;
        const [path, fragment] = link.split("#");
        const target = path === "" ? name : posix.join(posix.dirname(name), path);
        // A pipeline in a link to the checker is read by the page itself; tests/reference.test.mjs opens some.
        const place = fragment === undefined || fragment.startsWith("p=") || attributes(pages.get(target) ?? "", "id").includes(decodeURIComponent(fragment));
        if (!files.has(target) || !place) broken.push(`${name}: ${link}`);
      }
    }
    assert.deepEqual(broken, []);
    assert.ok(checked > 500, `${checked} links`);
  });

  it("reach every page from the checker", () => {
    const reached = new Set(["index.html"]);
    for (const name of reached) {
      for (const link of attributes(pages.get(name), "href")) {
        const target = posix.join(posix.dirname(name), link.split("#")[0]);
        if (pages.has(target)) reached.add(target);
      }
    }
    assert.deepEqual([...pages.keys()].filter((name) => !reached.has(name)), []);
  });

  it("lead from the hover of keys at every level to their rows in the language table", async () => {
    const keyless = await start();
    const visit = await keyless.visit();
    const table = pages.get("docs/pipeline-language.html");
    const ids = new Set(attributes(table, "id"));
    const pipeline = readFileSync(new URL("../examples/monorepo.yml", import.meta.url), "utf8");
    await visit.paste(pipeline);
    await visit.checked();
    const missing = [];
    for (const word of ["image:", "definitions:", "services:", "pipelines:", "parallel:", "fail-fast:", "condition:", "changesets:", "includePaths:"]) {
      await visit.page.mouse.move(0, 0);
      await visit.page.locator(".cm-tooltip .hover").waitFor({ state: "hidden" });
      const line = visit.page.locator(".cm-line", { hasText: word }).first();
      await line.locator("span", { hasText: word.slice(0, -1) }).first().hover();
      const link = visit.page.locator(".cm-tooltip .hover a.more");
      await link.waitFor();
      const { hash, pathname } = new URL(await link.evaluate((link) => link.href));
      if (!pathname.endsWith("/docs/pipeline-language.html") || !ids.has(decodeURIComponent(hash.slice(1)))) missing.push(`${word} ${hash}`);
    }
    assert.deepEqual(missing, []);
    await visit.close();
    await keyless.close();
  });

  it("contain no script, no inline style, and nothing from another host", () => {
    for (const [name, html] of pages) {
      assert.ok(!/<style|\sstyle=|\son\w+=/.test(html), name);
      assert.deepEqual(attributes(html, "src").filter((source) => /^\w+:|^\/\//.test(source)), [], name);
      const scripts = html.match(/<script[^>]*>/g) ?? [];
      assert.deepEqual(scripts, name === "index.html" ? ['<script type="module" src="main.js">'] : [], name);
    }
  });
});
