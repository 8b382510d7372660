// Writes the rule reference: one page a rule and a list of them, from each rule's own documentation.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { escape, page, reader } from "./pages.mjs";

/** Lists of rules by what they look at, as web/bindgen gives them; `text` is src/text.ts. */
export function writeReference(folder, lists, text) {
  const words = text.reference;
  const markdown = reader(words);
  const write = (name, title, body) => writeFileSync(join(folder, `${name}.html`), page({ title, part: "rules", body }, text));
  const summary = ({ documentation }) => markdown.parseInline(documentation.split("\n\n")[0].replaceAll("\n", " "));
  mkdirSync(folder, { recursive: true });
  for (const { id, severity, documentation } of Object.values(lists).flat()) {
    const badge = `<p class="severity ${severity}">${severity}</p>`;
    write(id, `${id} · ${words.title}`, `<article>\n<h1>${id}</h1>\n${badge}\n${markdown.parse(documentation)}</article>\n`);
  }
  const row = (rule) => `<dt class="${rule.severity}"><a href="${rule.id}.html">${rule.id}</a> <span>${rule.severity}</span></dt><dd>${summary(rule)}</dd>\n`;
  const sections = Object.entries(lists).map(
    ([about, rules]) => `<section><h2>${escape(words.about[about])}</h2>\n<dl class="list rules">\n${rules.map(row).join("")}</dl></section>\n`,
  );
  write("index", words.title, `<h1>${words.heading}</h1>\n<p>${escape(words.lead)}</p>\n${sections.join("")}`);
}
