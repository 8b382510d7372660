// Writes the rule reference: one page a rule and a list of them, from each rule's own documentation.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";

import { Marked } from "marked";

const POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'";

const escape = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** The link that opens a pipeline in the checker; src/share.ts reads it. */
const open = (pipeline) => `../index.html#p=${deflateRawSync(pipeline, { level: 9 }).toString("base64url")}`;

/** `rules` as crates/wasm gives them; `words` is src/text.ts. */
export function writeReference(folder, rules, { reference: words, severityHeading }) {
  const markdown = new Marked({
    renderer: {
      // Examples are fenced as `yaml wrong` and `yaml right`.
      code({ text, lang }) {
        const verdict = /^yaml (wrong|right)$/.exec(lang ?? "")?.[1];
        const caption = verdict
          ? `<figcaption><strong>${words[verdict]}</strong><a href="${open(`${text}\n`)}">${words.tryIt}</a></figcaption>`
          : "";
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
  for (const rule of rules) {
    const { id, severity, documentation } = rule;
    const badge = `<p class="severity ${severity}">${severity}</p>`;
    const article = `<article>\n<h1>${id}</h1>\n${badge}\n${markdown.parse(documentation)}</article>\n`;
    writeFileSync(join(folder, `${id}.html`), page(`${id} · ${words.title}`, article));
  }
  const groups = ["error", "warning", "hint"].map((severity) => {
    const rows = rules
      .filter((rule) => rule.severity === severity)
      .map((rule) => `<dt><a href="${rule.id}.html">${rule.id}</a></dt><dd>${summary(rule)}</dd>\n`);
    return rows.length ? `<section class="group ${severity}"><h2>${severityHeading(severity)}</h2>\n<dl>\n${rows.join("")}</dl></section>\n` : "";
  });
  const list = `<h1>${words.heading}</h1>\n<p>${escape(words.lead)}</p>\n${groups.join("")}`;
  writeFileSync(join(folder, "index.html"), page(words.title, list));
}
