// Opening a file from a URL: requested only on click, with a clear message for every failure. The other host is a TLS server
// on the loopback interface.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { eventually, start } from "./browser.mjs";

const PIPELINE = "pipelines:\r\n  default:\r\n    - step:\r\n        script: [echo ß]\r\n";
const SHARED = { "access-control-allow-origin": "*" };

/** A host with a self-signed certificate that records its requests. */
async function host() {
  const folder = mkdtempSync(join(tmpdir(), "keyless-page-"));
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(folder, name));
  const subject = ["-subj", "/CN=localhost", "-days", "1", "-nodes"];
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
  const requests = [];
  const answers = {
    "/shared/bitbucket-pipelines.yml": (response) => response.writeHead(200, SHARED).end(PIPELINE),
    "/closed.yml": (response) => response.writeHead(200).end(PIPELINE),
    "/picture.yml": (response) => response.writeHead(200, SHARED).end(Buffer.from([0xff, 0xd8, 0xff])),
    "/endless.yml": (response) => response.writeHead(200, SHARED).end(Buffer.alloc(9 << 20, "# ")),
  };
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    requests.push({ url: request.url, headers: request.headers });
    const answer = answers[new URL(request.url, "https://localhost").pathname];
    if (answer) answer(response);
    else response.writeHead(404, SHARED).end("nothing here");
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    address: `https://127.0.0.1:${server.address().port}`,
    requests,
    close() {
      rmSync(folder, { recursive: true });
      return new Promise((closed) => server.close(() => closed()).closeAllConnections());
    },
  };
}

describe("a file from a URL", () => {
  let keyless;
  let elsewhere;
  before(async () => ([keyless, elsewhere] = await Promise.all([start(), host()])));
  after(() => Promise.all([keyless.close(), elsewhere.close()]));

  const open = async (options = {}) => {
    const visit = await keyless.visit({ context: { ignoreHTTPSErrors: true }, ...options });
    await visit.page.getByRole("button", { name: "Open" }).click();
    return visit;
  };
  const fetches = (visit) => visit.page.getByRole("button", { name: "Fetch" });

  it("is requested only when the button is pressed, after the page names the host", async () => {
    const address = `${elsewhere.address}/shared/bitbucket-pipelines.yml?at=main`;
    const visit = await open({ requested: [address] });
    await visit.page.locator("#address").pressSequentially(`${address}#lines-3`);
    const consequence = visit.page.locator("#consequence");
    assert.match(await consequence.innerText(), /^Requests \/shared\/bitbucket-pipelines\.yml from 127\.0\.0\.1:\d+, which will see your IP address/);
    await visit.page.waitForTimeout(400);
    assert.deepEqual(elsewhere.requests, []);
    await fetches(visit).click();
    await eventually(async () => assert.equal(await visit.text(), PIPELINE.replaceAll("\r", "")));
    await visit.checked();
    assert.ok(await visit.page.locator("#opening").isHidden());
    assert.equal(await visit.page.locator("#notice").innerText(), "Opened bitbucket-pipelines.yml.");
    const [{ headers }, ...more] = elsewhere.requests;
    assert.deepEqual(more, []);
    assert.deepEqual([headers.cookie, headers.referer, headers.authorization], [undefined, undefined, undefined]);
    // The download has the original line endings.
    const downloading = visit.page.waitForEvent("download");
    await visit.page.getByRole("button", { name: "Download" }).click();
    assert.equal(readFileSync(await (await downloading).path(), "utf8"), PIPELINE);
    await visit.close();
  });

  for (const [path, message] of [
    ["/closed.yml", /^Could not read from 127\.0\.0\.1:\d+: it is unreachable, or its CORS headers do not allow this page/],
    ["/missing.yml", /^127\.0\.0\.1:\d+ responded with 404\. If the file is private/],
    ["/picture.yml", /^The response is not UTF-8 text\.$/],
    ["/endless.yml", /^The file is larger than 8 MB/],
  ]) {
    it(`says why ${path} cannot be opened, and keeps the text`, async () => {
      const visit = await open({ requested: [elsewhere.address + path], tolerated: /CORS policy|Failed to load resource/ });
      const before = await visit.text();
      await visit.page.locator("#address").fill(elsewhere.address + path);
      await visit.page.keyboard.press("Enter");
      const failure = visit.page.locator("#opening [role=alert]");
      await eventually(async () => assert.match(await failure.innerText(), message));
      assert.equal(await visit.text(), before);
      await visit.close();
    });
  }

  it("says that a host is unreachable", async () => {
    const gone = await host();
    await gone.close();
    const visit = await open({ requested: [`${gone.address}/a.yml`], tolerated: /Failed to load resource/ });
    await visit.page.locator("#address").fill(`${gone.address}/a.yml`);
    await fetches(visit).click();
    await eventually(async () => assert.match(await visit.page.locator("#opening [role=alert]").innerText(), /Could not read from/));
    await visit.close();
  });

  it("rejects URLs without TLS or with credentials, and other strings", async () => {
    const visit = await open();
    for (const address of ["http://127.0.0.1/a.yml", "https://user:secret@127.0.0.1/a.yml", "file:///etc/passwd", "bitbucket"]) {
      await visit.page.locator("#address").fill(address);
      assert.ok(await fetches(visit).isDisabled(), address);
      await visit.page.keyboard.press("Enter");
      assert.match(await visit.page.locator("#consequence").innerText(), /^Enter a URL that starts with https:/);
    }
    await visit.close();
  });

  it("requests the file itself for a page that shows it", async () => {
    for (const [typed, fetched] of [
      ["https://bitbucket.org/acme/web/src/main/ci/a.yml?at=main#lines-2", "https://api.bitbucket.org/2.0/repositories/acme/web/src/main/ci/a.yml"],
      ["https://github.com/acme/web/blob/main/a.yml", "https://raw.githubusercontent.com/acme/web/main/a.yml"],
    ]) {
      const answer = { status: 200, headers: SHARED, body: PIPELINE };
      const prepare = (page) => page.context().route(fetched, (route) => route.fulfill(answer));
      const visit = await open({ requested: [fetched], prepare });
      await visit.page.locator("#address").fill(typed);
      assert.ok((await visit.page.locator("#consequence").innerText()).includes(` from ${new URL(fetched).host},`));
      await fetches(visit).click();
      await eventually(async () => assert.equal(await visit.page.locator("#file-name").innerText(), "a.yml"));
      await visit.close();
    }
  });
});
