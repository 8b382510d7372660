// What the pages of documentation share: their frame, and Markdown with links and examples that fit the site.

import { deflateRawSync } from "node:zlib";

import { Marked } from "marked";

const POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'";

export const escape = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** The link that opens a pipeline in the checker; src/share.ts reads it. */
const open = (pipeline) => `../index.html#p=${deflateRawSync(pipeline, { level: 9 }).toString("base64url")}`;

/** The pages in the head of every page: those in `folder` are where `here` lies. */
const PARTS = [
  ["rules", "rules/index.html"],
  ["language", "docs/pipeline-language.html"],
  ["guides", "docs/index.html"],
];

/**
 * A whole page of the site, which lies in a folder of it; `part` is the entry of {@link PARTS} that it belongs to, `words`
 * is src/text.ts.
 */
export function page({ title, part, body }, { page: words, reference }) {
  const link = ([name, address]) => `<a href="../${address}"${name === part ? ' aria-current="true"' : ""}>${escape(words[name])}</a>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<link rel="icon" type="image/svg+xml" href="../icon.svg">
<link rel="stylesheet" href="../style.css">
<link rel="stylesheet" href="../pages.css">
</head>
<body>
<header>
<a class="brand" href="../index.html"><img src="../icon.svg" alt="" width="26" height="26">${escape(words.name)}</a>
<nav aria-label="${escape(words.documentation)}"><a href="../index.html">${escape(reference.back)}</a>${PARTS.map(link).join("")}</nav>
</header>
<main>
${body}</main>
</body>
</html>
`;
}

/** A reader of Markdown: `link` says where an address of the text leads on the site, `heading` the id of a heading. */
export function reader(words, { link = (href) => href, heading } = {}) {
  let needsPolicy = false;
  return new Marked({
    hooks: {
      preprocess(document) {
        needsPolicy = false;
        return document;
      },
    },
    walkTokens(token) {
      if (token.type === "link") token.href = link(token.href);
    },
    renderer: {
      // Notes for programs that read the same text.
      html: ({ text }) => (text.trimStart().startsWith("<!--") ? "" : escape(text)),
      heading({ tokens, depth, text }) {
        const id = heading ? ` id="${heading(text)}"` : "";
        return `<h${depth}${id}>${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      // A wide table scrolls by itself, by keyboard too.
      table(token) {
        const rows = [token.header, ...token.rows].map((cells) => `<tr>${cells.map((cell) => this.tablecell(cell)).join("")}</tr>\n`);
        return `<div class="table" tabindex="0"><table>\n<thead>\n${rows[0]}</thead>\n<tbody>\n${rows.slice(1).join("")}</tbody>\n</table></div>\n`;
      },
      // Rules fence their examples as `yaml wrong` and `json right`, with a file name behind where it matters. Those below
      // a `json policy` are held against it, for which a link has no place.
      code({ text, lang }) {
        const [, language, verdict] = /^(\w+)(?: (wrong|right))?\b/.exec(lang ?? "") ?? [];
        needsPolicy ||= lang === "json policy";
        const pipeline = language === "yaml" && /^pipelines:/m.test(text);
        const tryIt = !needsPolicy && (pipeline || (language === "yaml" && verdict)) ? `<a href="${open(`${text}\n`)}">${words.tryIt}</a>` : "";
        const caption = verdict || tryIt ? `<figcaption>${verdict ? `<strong>${words[verdict]}</strong>` : ""}${tryIt}</figcaption>` : "";
        return `<figure class="example ${verdict ?? ""}">${caption}<pre tabindex="0"><code>${escape(text)}</code></pre></figure>\n`;
      },
    },
  });
}
