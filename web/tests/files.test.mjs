import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { eventually, start } from "./browser.mjs";
import { DIST } from "./site.mjs";

const PIPELINE = "pipelines:\n  default:\n    - step:\n        script:\n          - echo ß 😀\n";

/** Drops files on the page as the desktop does. */
const drop = (page, files) =>
  page.evaluate((files) => {
    const data = new DataTransfer();
    for (const [name, bytes] of files) data.items.add(new File([new Uint8Array(bytes)], name));
    for (const type of ["dragover", "drop"]) {
      const content = document.querySelector("#editor").shadowRoot.querySelector(".cm-content");
      content.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, composed: true, cancelable: true }));
    }
  }, files);

describe("files, links and drafts", () => {
  let keyless;
  before(async () => (keyless = await start()));
  after(() => keyless.close());

  it("shares a pipeline in a link, which opens it again and is gone from the address after an edit", async () => {
    const sender = await keyless.visit({ context: { permissions: ["clipboard-read", "clipboard-write"] } });
    await sender.paste(PIPELINE);
    await sender.page.getByRole("button", { name: "Share" }).click();
    await eventually(async () => assert.match(await sender.page.locator("#notice").innerText(), /^Link copied/));
    const link = await sender.page.evaluate(() => navigator.clipboard.readText());
    assert.equal(link, sender.page.url());
    await sender.close();

    const receiver = await keyless.visit({ fragment: new URL(link).hash });
    assert.equal(await receiver.text(), PIPELINE);
    await receiver.page.locator(".cm-content").focus();
    await receiver.page.keyboard.type("# mine\n");
    assert.equal(new URL(receiver.page.url()).hash, "");
    await receiver.page.waitForTimeout(600);
    await receiver.page.reload();
    await receiver.checked();
    assert.match(await receiver.text(), /^# mine\npipelines:/);
    await receiver.close();
  });

  it("says that a damaged link is damaged, and shows the example", async () => {
    for (const fragment of ["#p=", "#p=%%%", "#p=AAAA", "#p=S0otLs3J"]) {
      const visit = await keyless.visit({ fragment });
      assert.match(await visit.page.locator("#notice").innerText(), /^Could not read the pipeline in this link/, fragment);
      assert.match(await visit.text(), /^# Deploys a CDK app/);
      await visit.close();
    }
  });

  it("refuses a link that unpacks to far more than a pipeline", async () => {
    const { deflateRawSync } = await import("node:zlib");
    const bomb = deflateRawSync(Buffer.alloc(64 << 20)).toString("base64url");
    const visit = await keyless.visit({ fragment: `#p=${bomb}` });
    assert.match(await visit.page.locator("#notice").innerText(), /^Could not read the pipeline in this link/);
    await visit.close();
  });

  it("opens a file, and keeps its name and line endings for the download", async () => {
    const visit = await keyless.visit();
    const chooser = visit.page.waitForEvent("filechooser");
    await visit.page.getByRole("button", { name: "Open" }).click();
    await visit.page.getByRole("button", { name: "Open a file…" }).click();
    const buffer = Buffer.from(PIPELINE.replaceAll("\n", "\r\n"));
    await (await chooser).setFiles({ name: "mine.yml", mimeType: "text/yaml", buffer });
    await eventually(async () => assert.equal(await visit.page.locator("#file-name").innerText(), "mine.yml"));
    await visit.page.locator(".cm-content").focus();
    await visit.page.keyboard.type("# new\n");
    const downloading = visit.page.waitForEvent("download");
    await visit.page.getByRole("button", { name: "Download" }).click();
    const download = await downloading;
    assert.equal(download.suggestedFilename(), "mine.yml");
    assert.equal(readFileSync(await download.path(), "utf8"), `# new\r\n${buffer}`);
    await visit.close();
  });

  it("opens a dropped file, and says why it rejects others", async () => {
    const visit = await keyless.visit();
    await drop(visit.page, [["dropped.yml", [...Buffer.from(PIPELINE)]]]);
    await eventually(async () => assert.equal(await visit.text(), PIPELINE));
    await drop(visit.page, [["photo.jpg", [0xff, 0xd8, 0xff]]]);
    await eventually(async () => assert.equal(await visit.page.locator("#notice").innerText(), "photo.jpg is not UTF-8 text."));
    assert.equal(await visit.text(), PIPELINE);
    await visit.close();
  });

  it("shows each example of the gallery", async () => {
    const visit = await keyless.visit();
    const gallery = visit.page.locator("#gallery");
    const count = await gallery.locator("button").count();
    assert.ok(count >= 5, `${count} examples`);
    const seen = new Set();
    for (let index = 0; index < count; index++) {
      await visit.page.getByRole("button", { name: "Examples" }).click();
      await gallery.locator("button").nth(index).click();
      await visit.checked();
      seen.add((await visit.text()).split("\n")[0]);
      assert.ok(await gallery.isHidden());
    }
    assert.equal(seen.size, count);
    await visit.close();
  });
});

describe("without a network", () => {
  let keyless;
  before(async () => (keyless = await start()));
  after(() => keyless.close());

  it("opens again from what the first visit kept, with every view and the documentation", async () => {
    const visit = await keyless.visit({ context: { serviceWorkers: "allow" } });
    await visit.page.evaluate(() => navigator.serviceWorker.ready);
    await keyless.site.close();
    await visit.page.reload();
    await visit.checked();
    // The second module was not loaded before the network went.
    await visit.page.getByRole("tab", { name: "Pipeline" }).click();
    await visit.page.locator(".step").first().waitFor();
    await visit.page.getByRole("tab", { name: "Problems" }).click();
    await visit.page.locator("[data-rule=misplaced-oidc] .rule").click();
    await visit.page.locator("#view-problems article").waitFor();
    await visit.paste("pipelines: {}\n");
    await visit.checked();
    assert.equal(await visit.text(), "pipelines: {}\n");
    await visit.page.getByRole("link", { name: "Reference" }).click();
    assert.equal(await visit.page.locator("h1").innerText(), "Pipeline file reference");
    await visit.close();
  });
});

describe("a new version of the site", () => {
  it("is offered, and activated on request", async () => {
    const keyless = await start();
    const visit = await keyless.visit({ context: { serviceWorkers: "allow" } });
    await visit.page.evaluate(() => navigator.serviceWorker.ready);
    await visit.page.reload();
    await visit.checked();
    await visit.paste(PIPELINE);
    await visit.page.waitForTimeout(600);
    // Another version differs in its digest, as another build's does.
    const worker = readFileSync(join(DIST, "service-worker.js"), "utf8");
    keyless.site.replace("service-worker.js", worker.replace(/"[0-9a-f]{16}"/, '"0123456789abcdef"'));
    await visit.page.evaluate(async () => void (await navigator.serviceWorker.getRegistration()).update());
    await visit.page.getByText("A new version of this page is available.").waitFor();
    const reloaded = visit.page.waitForEvent("load");
    await visit.page.getByRole("button", { name: "Reload" }).click();
    await reloaded;
    await visit.checked();
    assert.equal(await visit.text(), PIPELINE);
    assert.deepEqual(await visit.page.evaluate(() => caches.keys()), ["keyless-0123456789abcdef"]);
    await visit.close();
    await keyless.close();
  });
});
