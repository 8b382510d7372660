// The page in headless Chromium, and what a person does with it.

import assert from "node:assert/strict";

import { chromium } from "playwright-core";

import { serve } from "./site.mjs";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** One site and one browser for a test file; each visit is a browser profile of its own. */
export async function start() {
  const site = await serve();
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS });
  return {
    site,
    browser,
    visit: (options) => visit(browser, site, options),
    async close() {
      await browser.close();
      await site.close();
    },
  };
}

/**
 * Opens the page and waits for its first answer. `prepare` runs on the page before anything is loaded; `asked` are the
 * addresses of other hosts that the visit is meant to ask, in order; `tolerated` matches errors in the console that it is
 * meant to cause.
 */
async function visit(browser, site, options = {}) {
  const { fragment = "", prepare, context: contextOptions = {}, expectErrors = false, asked = [], tolerated } = options;
  const context = await browser.newContext({ serviceWorkers: "block", ...contextOptions });
  const page = await context.newPage();
  const errors = [];
  const foreign = [];
  page.on("console", (message) => {
    if (message.type() === "error" && !tolerated?.test(message.text())) errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(String(error)));
  context.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== new URL(site.address).origin) foreign.push(request.url());
  });
  await prepare?.(page);
  await page.goto(site.address + fragment);
  const visited = {
    context,
    page,
    errors,
    foreign,
    /** The rows of the findings panel as "rule line:column". */
    findings: () =>
      page.locator("#view-problems li[data-rule]").evaluateAll((rows) =>
        rows.map((row) => `${row.dataset.rule} ${row.querySelector(".position").textContent}`),
      ),
    /** Waits until the text in the editor has been checked. */
    checked: () => page.locator("#status[data-state=checked]").waitFor(),
    /** Replaces the text as a paste does. */
    async paste(text) {
      await page.locator(".cm-content").focus();
      await page.keyboard.press("Control+a");
      await page.evaluate((text) => {
        const data = new DataTransfer();
        data.setData("text/plain", text);
        const content = document.querySelector("#editor").shadowRoot.querySelector(".cm-content");
        content.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
      }, text);
    },
    /** The text that the editor holds, line by line as it draws it. */
    text: () => page.locator(".cm-line").evaluateAll((lines) => lines.map((line) => line.textContent).join("\n")),
    /** Nothing went wrong and nobody else was asked. */
    async close() {
      await context.close();
      assert.deepEqual(foreign, asked, "requests to other hosts");
      if (!expectErrors) assert.deepEqual(errors, [], "errors in the console");
    },
  };
  if (!expectErrors) await visited.checked();
  return visited;
}

/** Waits until `condition` holds, and fails with its last error. */
export async function eventually(condition, patience = 10_000) {
  const end = Date.now() + patience;
  for (;;) {
    try {
      return await condition();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((later) => setTimeout(later, 25));
    }
  }
}
