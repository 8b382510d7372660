// Writes the rule reference: one page a rule and a list of them, from each rule's own documentation.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";

import { Marked } from "marked";

const POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'";

const escape = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** The link that opens a pipeline in the checker; src/share.ts reads it. */
const open = (pipeline) => `../index.html#p=${deflateRawSync(pipeline, { level: 9 }).toString("base64url")}`;

/** Lists of rules by what they look at, as crates/wasm gives them; `words` is src/text.ts. */
export function writeReference(folder, lists, { reference: words }) {
  let needsPolicy = false;
  const markdown = new Marked({
    renderer: {
      // Examples are fenced as `yaml wrong` and `json right`, with a file name behind where it matters. Those below a
      // `json policy` need it, and the page has no place for one.
      code({ text, lang }) {
        const [, language, verdict] = /^(yaml|json) (wrong|right)\b/.exec(lang ?? "") ?? [];
        if (lang === "json policy") needsPolicy = true;
        const tryIt = language === "yaml" && !needsPolicy ? `<a href="${open(`${text}\n`)}">${words.tryIt}</a>` : "";
        const caption = verdict ? `<figcaption><strong>${words[verdict]}</strong>${tryIt}</figcaption>` : "";
        return `<figure class="example ${verdict ?? ""}">${caption}<pre><code>${escape(text)}</code></pre></figure>\n`;
      },
    },
  });
  const page = (title, body) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<link rel="icon" type="image/svg+xml" href="../icon.svg">
<link rel="stylesheet" href="../style.css">
</head>
<body class="reference">
<header><a class="home" href="../index.html"><img src="../icon.svg" alt="" width="26" height="26">keyless</a><nav><a href="index.html">${words.all}</a><a href="../index.html">${words.back}</a></nav></header>
<main>
${body}</main>
</body>
</html>
`;
  const inline = (text) => markdown.parseInline(text);
  const summary = ({ documentation }) => inline(documentation.split("\n\n")[0].replaceAll("\n", " "));
  mkdirSync(folder, { recursive: true });
  for (const { id, severity, documentation } of Object.values(lists).flat()) {
    const badge = `<p class="severity ${severity}">${severity}</p>`;
    needsPolicy = false;
    const article = `<article>\n<h1>${id}</h1>\n${badge}\n${markdown.parse(documentation)}</article>\n`;
    writeFileSync(join(folder, `${id}.html`), page(`${id} · ${words.title}`, article));
  }
  const row = (rule) => `<dt class="${rule.severity}"><a href="${rule.id}.html">${rule.id}</a> <span>${rule.severity}</span></dt><dd>${summary(rule)}</dd>\n`;
  const sections = Object.entries(lists).map(
    ([about, rules]) => `<section><h2>${escape(words.about[about])}</h2>\n<dl>\n${rules.map(row).join("")}</dl></section>\n`,
  );
  const list = `<h1>${words.heading}</h1>\n<p>${escape(words.lead)}</p>\n${sections.join("")}`;
  writeFileSync(join(folder, "index.html"), page(words.title, list));
}
