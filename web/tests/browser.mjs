// The page in headless Chromium, and the actions of a visitor.

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

/** Starts one site and one browser for a test file. Each visit has its own browser profile. */
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
 * Opens the page and waits for its first answer. `prepare` runs before anything is loaded; `requested` are the URLs on other
 * hosts that the visit should request, in order; `tolerated` matches errors that it should cause in the console.
 */
async function visit(browser, site, options = {}) {
  const { fragment = "", prepare, context: contextOptions = {}, expectErrors = false, requested = [], tolerated } = options;
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
    /** Replaces the text by pasting. */
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
    /** The text in the editor, as far as it is drawn. */
    text: () => page.locator(".cm-line").evaluateAll((lines) => lines.map((line) => line.textContent).join("\n")),
    /** Closes the page, and fails after errors or unexpected requests to other hosts. */
    async close() {
      await context.close();
      assert.deepEqual(foreign, requested, "requests to other hosts");
      if (!expectErrors) assert.deepEqual(errors, [], "errors in the console");
    },
  };
  if (!expectErrors) await visited.checked();
  return visited;
}

/** Waits until `condition` does not throw, and fails with its last error. */
export async function eventually(condition, timeout = 10_000) {
  const end = Date.now() + timeout;
  for (;;) {
    try {
      return await condition();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((later) => setTimeout(later, 25));
    }
  }
}
