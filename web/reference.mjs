// Writes the rule reference: a page for each rule, and an index.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { escape, page, reader } from "./pages.mjs";

/** `lists` are the rules by what they check, from web/bindgen; `text` is src/text.ts. */
export function writeReference(folder, lists, text) {
  const strings = text.reference;
  const markdown = reader(strings);
  const write = (name, title, body) => writeFileSync(join(folder, `${name}.html`), page({ title, part: "rules", body }, text));
  const summary = ({ documentation }) => markdown.parseInline(documentation.split("\n\n")[0].replaceAll("\n", " "));
  mkdirSync(folder, { recursive: true });
  for (const { id, severity, documentation } of Object.values(lists).flat()) {
    const badge = `<p class="severity ${severity}">${severity}</p>`;
    write(id, `${id} · ${strings.title}`, `<article>\n<h1>${id}</h1>\n${badge}\n${markdown.parse(documentation)}</article>\n`);
  }
  const row = (rule) => `<dt class="${rule.severity}"><a href="${rule.id}.html">${rule.id}</a> <span>${rule.severity}</span></dt><dd>${summary(rule)}</dd>\n`;
  const sections = Object.entries(lists).map(
    ([about, rules]) => `<section><h2>${escape(strings.about[about])}</h2>\n<dl class="list rules">\n${rules.map(row).join("")}</dl></section>\n`,
  );
  write("index", strings.title, `<h1>${strings.heading}</h1>\n<p>${escape(strings.lead)}</p>\n${sections.join("")}`);
}
