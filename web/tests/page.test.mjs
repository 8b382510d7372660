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
    await visit.close();
  });

  it("stays alive on text that is no pipeline", async () => {
    const visit = await keyless.visit();
    for (const junk of ["\u0000\u0001\u0002\ufffd", "ß😀\ud800: [", "{".repeat(5_000), "\t".repeat(100), "&a [*a]", "\r\r\n\r", "🤷".repeat(1000)]) {
      await visit.paste(junk);
      await visit.checked();
      assert.equal(await visit.page.locator("#status").getAttribute("data-state"), "checked");
    }
    await visit.close();
  });

  it("stays alive on two megabytes", async () => {
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

  it("outlives a panic of the module", async () => {
    // The real module, but its `lint` traps: what a panic ends in.
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
    assert.match(await status.innerText(), /stumbled over this text and started again/);
    await visit.page.locator(".cm-content").focus();
    await visit.page.keyboard.type("# typed after the fall\n");
    await visit.checked();
    assert.match(await visit.text(), /^# typed after the fall/);
    assert.equal(loads, 2);
    await visit.close();
  });
});
