// A rule's documentation, taken from its page.

import { element } from "./dom";
import * as text from "./text";

/** The article of rules/ID.html, or a message if it cannot be loaded. */
export async function documentation(rule: string): Promise<HTMLElement> {
  try {
    const response = await fetch(`rules/${rule}.html`);
    if (!response.ok) throw new Error(response.statusText);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const article = page.querySelector("article");
    if (!article) throw new Error("no article");
    // Links are relative to rules/. Links to the checker become links within this page.
    const checker = new URL("index.html", document.baseURI).pathname;
    for (const link of article.querySelectorAll("a")) {
      const url = new URL(link.getAttribute("href") ?? "", response.url);
      link.href = url.pathname === checker && url.hash ? url.hash : url.href;
    }
    return document.adoptNode(article);
  } catch {
    return element("p", { textContent: text.rule.missing });
  }
}
