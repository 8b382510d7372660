// The layout of the documentation pages, and their Markdown with links and examples for the site.

import { deflateRawSync } from "node:zlib";

import { Marked } from "marked";

const POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'";

export const escape = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** The link that opens a pipeline in the checker; src/share.ts reads it. */
const open = (pipeline) => `../index.html#p=${deflateRawSync(pipeline, { level: 9 }).toString("base64url")}`;

/** The navigation of every page. */
const PARTS = [
  ["rules", "rules/index.html"],
  ["language", "docs/pipeline-language.html"],
  ["guides", "docs/index.html"],
];

/** A page in a subfolder of the site. `part` is its entry in {@link PARTS}; the last argument is src/text.ts. */
export function page({ title, part, body }, { page: strings, reference }) {
  const link = ([name, address]) => `<a href="../${address}"${name === part ? ' aria-current="true"' : ""}>${escape(strings[name])}</a>`;
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
<a class="brand" href="../index.html"><img src="../icon.svg" alt="" width="26" height="26">${escape(strings.name)}</a>
<nav aria-label="${escape(strings.documentation)}"><a href="../index.html">${escape(reference.back)}</a>${PARTS.map(link).join("")}</nav>
</header>
<main>
${body}</main>
</body>
</html>
`;
}

/** A Markdown renderer. `link` maps the target of a link to the site; `heading` returns the id of a heading. */
export function reader(strings, { link = (href) => href, heading } = {}) {
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
      // Comments are for programs that read the same document.
      html: ({ text }) => (text.trimStart().startsWith("<!--") ? "" : escape(text)),
      heading({ tokens, depth, text }) {
        const id = heading ? ` id="${heading(text)}"` : "";
        return `<h${depth}${id}>${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      // Wide tables scroll, with the keyboard too.
      table(token) {
        const rows = [token.header, ...token.rows].map((cells) => `<tr>${cells.map((cell) => this.tablecell(cell)).join("")}</tr>\n`);
        return `<div class="table" tabindex="0"><table>\n<thead>\n${rows[0]}</thead>\n<tbody>\n${rows.slice(1).join("")}</tbody>\n</table></div>\n`;
      },
      // Rules fence their examples as `yaml wrong` and `json right`, optionally followed by a file name. Examples after
      // a `json policy` depend on that policy, which a link cannot contain.
      code({ text, lang }) {
        const [, language, verdict] = /^(\w+)(?: (wrong|right))?\b/.exec(lang ?? "") ?? [];
        needsPolicy ||= lang === "json policy";
        const pipeline = language === "yaml" && /^pipelines:/m.test(text);
        const tryIt = !needsPolicy && (pipeline || (language === "yaml" && verdict)) ? `<a href="${open(`${text}\n`)}">${strings.tryIt}</a>` : "";
        const caption = verdict || tryIt ? `<figcaption>${verdict ? `<strong>${strings[verdict]}</strong>` : ""}${tryIt}</figcaption>` : "";
        return `<figure class="example ${verdict ?? ""}">${caption}<pre tabindex="0"><code>${escape(text)}</code></pre></figure>\n`;
      },
    },
  });
}
