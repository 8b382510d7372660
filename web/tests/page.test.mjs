import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import binaryen from "binaryen";

import { eventually, start } from "./browser.mjs";
import { DIST } from "./site.mjs";

describe("the page", () => {
  let keyless;
  before(async () => (keyless = await start()));
  after(() => keyless.close());

  it("loads an example and lists its findings", async () => {
    const visit = await keyless.visit();
    assert.match(await visit.text(), /^# Deploys a CDK app/);
    const found = await visit.findings();
    for (const expected of ["misplaced-oidc 16:1", "unknown-key 27:11"]) {
      assert.ok(found.includes(expected), `${expected} is missing from ${found.join(", ")}`);
    }
    await visit.close();
  });

  it("reports an error while typing, and removes it once fixed", async () => {
    const visit = await keyless.visit();
    await visit.paste("pipelines:\n  default:\n    - step:\n        script: [make]\n        ");
    await visit.checked();
    await visit.page.keyboard.type("odic: true");
    await eventually(async () => assert.deepEqual(await visit.findings(), ["misspelled-oidc 5:9"]));
    const row = visit.page.locator("[data-rule=misspelled-oidc]");
    assert.match(await row.innerText(), /`?odic/);
    // Exactly the key is underlined.
    assert.deepEqual(await visit.page.locator(".cm-lintRange").allInnerTexts(), ["odic"]);
    for (let presses = 0; presses < 9; presses++) await visit.page.keyboard.press("Backspace");
    await visit.page.keyboard.type("idc: true");
    await eventually(async () => assert.deepEqual(await visit.findings(), []));
    assert.equal(await visit.page.locator(".cm-lintRange").count(), 0);
    await visit.close();
  });

  it("underlines the right characters after multibyte characters", async () => {
    const visit = await keyless.visit();
    await visit.paste('pipelines:\n  default:\n    - step: {name: "ß 😀", scripts: [make]}\n');
    await eventually(async () => assert.ok((await visit.page.locator(".cm-lintRange").allInnerTexts()).includes("scripts")));
    await visit.close();
  });

  it("moves the cursor to a finding that is clicked", async () => {
    const visit = await keyless.visit();
    await visit.page.locator("[data-rule=unknown-key] .location").first().click();
    await visit.page.keyboard.type("typed-here");
    assert.match(await visit.text(), /^ {10}typed-here: staging$/m);
    await visit.close();
  });

  it("highlights the row of the finding on the cursor's line", async () => {
    const visit = await keyless.visit();
    const current = () => visit.page.locator("#view-problems li[aria-current]").evaluateAll((rows) => rows.map((row) => row.dataset.rule));
    await visit.page.locator(".cm-content").focus();
    assert.deepEqual(await current(), []);
    await visit.page.keyboard.press("F8");
    assert.deepEqual(await current(), ["emptied-cache"]);
    await visit.page.keyboard.press("F8");
    assert.deepEqual(await current(), ["misplaced-oidc"]);
    await visit.page.keyboard.press("Shift+F8");
    assert.deepEqual(await current(), ["emptied-cache"]);
    await visit.close();
  });

  it("applies a fix from the tooltip, which links to the rule", async () => {
    const visit = await keyless.visit();
    await visit.page.locator(".cm-lintRange", { hasText: "deploymnet" }).hover();
    const message = visit.page.locator(".cm-tooltip .cm-diagnostic", { hasText: "deploymnet" });
    await message.waitFor();
    assert.equal(await message.locator("a.more").getAttribute("href"), "rules/unknown-key.html");
    await message.getByRole("button", { name: "change it to deployment" }).click();
    await eventually(async () => assert.match(await visit.text(), /^ {10}deployment: staging$/m));
    await visit.close();
  });

  it("never shows the findings of an outdated text", async () => {
    const visit = await keyless.visit();
    const step = (key) => `pipelines:\n  default:\n    - step:\n        ${key}: true\n        script: [make]\n`;
    await visit.paste(step("odic"));
    await eventually(async () => assert.deepEqual(await visit.findings(), ["misspelled-oidc 4:9"]));
    const seen = visit.page.evaluate(
      () =>
        new Promise((resolve) => {
          const seen = [];
          const editor = document.getElementById("editor").shadowRoot;
          const look = () => {
            const marked = [...editor.querySelectorAll(".cm-lintRange")].map(({ textContent }) => textContent);
            seen.push(...marked.filter((word) => !["odic", "OIDC", "oicd"].includes(word)));
          };
          new MutationObserver(look).observe(editor, { childList: true, subtree: true, attributes: true });
          setTimeout(() => resolve(seen), 2_000);
        }),
    );
    for (let round = 0; round < 10; round++) {
      for (const key of ["odic", "# much longer than the other\n        OIDC", "oicd"]) await visit.paste(step(key));
    }
    await eventually(async () => assert.deepEqual(await visit.findings(), ["misspelled-oidc 4:9"]));
    assert.deepEqual(await seen, []);
    await visit.close();
  });

  it("moves between findings with the keyboard", async () => {
    const visit = await keyless.visit();
    await visit.page.locator(".cm-content").focus();
    const line = () => visit.page.locator(".cm-activeLineGutter").first().innerText();
    const total = (await visit.findings()).length;
    const lines = new Set();
    for (let presses = 0; presses < total; presses++) {
      await visit.page.keyboard.press("F8");
      lines.add(await line());
    }
    assert.ok(lines.has("16") && lines.has("27"), [...lines].join());
    await visit.close();
  });

  it("applies one fix by button and by key, and all safe ones at once", async () => {
    const step = (key) => `    - step:\n        ${key}: true\n        script: [make]\n`;
    const wrong = `pipelines:\n  default:\n${step("odic")}${step("OIDC")}`;
    const right = `pipelines:\n  default:\n${step("oidc")}${step("oidc")}`;
    const visit = await keyless.visit();
    await visit.paste(wrong);
    await eventually(async () => assert.ok((await visit.findings()).length === 2));
    await visit.page.locator("[data-rule=misspelled-oidc] .fix").last().click();
    await eventually(async () => assert.equal(await visit.text(), `pipelines:\n  default:\n${step("odic")}${step("oidc")}`));
    await visit.paste(wrong);
    await visit.checked();
    await visit.page.keyboard.press("Control+Home");
    for (let presses = 0; presses < 3; presses++) await visit.page.keyboard.press("ArrowDown");
    await visit.page.keyboard.press("Control+.");
    await eventually(async () => assert.equal(await visit.text(), `pipelines:\n  default:\n${step("oidc")}${step("OIDC")}`));
    await visit.paste(wrong);
    await visit.checked();
    await visit.page.locator(".fix-all").click();
    await eventually(async () => assert.equal(await visit.text(), right));
    await visit.page.locator(".cm-content").focus();
    await visit.page.keyboard.press("Control+z");
    await eventually(async () => assert.equal(await visit.text(), wrong));
    await visit.close();
  });

  it("hides a severity", async () => {
    const visit = await keyless.visit();
    await visit.page.locator(".chip.error").click();
    assert.equal(await visit.page.locator(".group.error").count(), 0);
    assert.ok((await visit.page.locator(".group.warning").count()) > 0);
    await visit.close();
  });

  it("survives text that is not a pipeline", async () => {
    const visit = await keyless.visit();
    for (const junk of ["\u0000\u0001\u0002\ufffd", "ß😀\ud800: [", "{".repeat(5_000), "\t".repeat(100), "&a [*a]", "\r\r\n\r", "🤷".repeat(1000)]) {
      await visit.paste(junk);
      await visit.checked();
      assert.equal(await visit.page.locator("#status").getAttribute("data-state"), "checked");
    }
    await visit.close();
  });

  it("survives two megabytes", async () => {
    const visit = await keyless.visit();
    const step = "    - step:\n        name: again\n        script:\n          - npm test\n";
    await visit.paste("pipelines:\n  default:\n" + step.repeat(Math.ceil(2_000_000 / step.length)));
    await visit.checked();
    await visit.page.keyboard.press("Control+Home");
    await visit.page.keyboard.type("# still here\n");
    await eventually(async () => assert.match(await visit.text(), /^# still here/));
    await visit.checked();
    await visit.close();
  });

  it("shows what is wrong with the file while the other rules load, and tries again if they cannot be loaded", async () => {
    let offline = true;
    const visit = await keyless.visit({
      expectErrors: true,
      prepare: (page) => page.context().route("**/complete.wasm", (route) => (offline ? route.abort() : route.continue())),
    });
    const status = visit.page.locator("#status");
    await visit.page.locator("#status[data-state=failed]").waitFor();
    assert.match(await status.innerText(), /rules about scripts, deployments and pipes could not be loaded/);
    // The module may fail to load before the first answer is shown; the answer must not hide it.
    const first = await eventually(async () => {
      const found = await visit.findings();
      assert.ok(found.includes("misplaced-oidc 16:1"), `${found}`);
      return found;
    });
    assert.equal(await status.getAttribute("data-state"), "failed");
    assert.ok(!first.some((finding) => finding.startsWith("repeated-synthesis")), `${first}`);
    offline = false;
    await visit.page.locator(".cm-content").focus();
    await visit.page.keyboard.press("Control+Home");
    await visit.page.keyboard.type("# once more\n");
    await visit.checked();
    const all = await visit.findings();
    assert.ok(all.length > first.length && all.some((finding) => finding.startsWith("repeated-synthesis")), `${all}`);
    await visit.close();
  });

  it("survives a panic of the module", async () => {
    // The real module, but its `lint` traps like a panic.
    const module = binaryen.readBinary(readFileSync(join(DIST, "keyless.wasm")));
    module.setFeatures(binaryen.Features.All);
    const lint = module.getFunction(binaryen.getExportInfo(module.getExport("lint")).value);
    binaryen.Function.setBody(lint, module.unreachable());
    const broken = Buffer.from(module.emitBinary());
    let loads = 0;
    const visit = await keyless.visit({
      expectErrors: true,
      prepare: (page) =>
        page.context().route("**/keyless.wasm", (route) =>
          loads++ === 0 ? route.fulfill({ body: broken, contentType: "application/wasm" }) : route.continue(),
        ),
    });
    const status = visit.page.locator("#status");
    await visit.page.locator("#status[data-state=failed]").waitFor();
    assert.match(await status.innerText(), /crashed on this text and was restarted/);
    await visit.page.locator(".cm-content").focus();
    await visit.page.keyboard.type("# typed after the fall\n");
    await visit.checked();
    assert.match(await visit.text(), /^# typed after the fall/);
    assert.equal(loads, 2);
    await visit.close();
  });
});
