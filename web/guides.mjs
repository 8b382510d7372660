// Writes the guides: the documents in docs/, the pipe's README, and parts of the main README, as pages of the site.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, posix } from "node:path";

import { escape, page, reader } from "./pages.mjs";

/** Documents of this repository, by the name of their page. With `sections`, only these are used. */
const GUIDES = {
  command: { file: "README.md", sections: ["The command", "The pre-commit hook", "Limits"] },
  aws: { file: "docs/aws.md" },
  migrate: { file: "docs/migrate.md" },
  pipe: { file: "pipe/README.md" },
  "pipeline-language": { file: "docs/pipeline-language.md" },
  "other-linters": { file: "docs/other-linters.md" },
};

/** Files that guides link to, which the site has as they are. */
const SCHEMAS = ["docs/keyless.schema.json", "docs/report.schema.json"];

/** `text` is src/text.ts, `anchors` src/anchors.ts, `rules` the ids of all rules. */
export function writeGuides(folder, root, { text, anchors, rules }) {
  const pages = new Map(Object.entries(GUIDES).map(([name, { file }]) => [file, name]));
  mkdirSync(folder, { recursive: true });
  for (const schema of SCHEMAS) copyFileSync(join(root, schema), join(folder, basename(schema)));
  const write = (name, title, body, part) => writeFileSync(join(folder, `${name}.html`), page({ title, part, body }, text));
  for (const [name, { file, sections }] of Object.entries(GUIDES)) {
    const { title } = text.guides[name];
    // Links between documents become links between their pages.
    const link = (href) => {
      if (/^(https:|#)/.test(href)) return href;
      const [path, fragment] = href.split("#");
      const linked = posix.join(dirname(file), path);
      if (SCHEMAS.includes(linked)) return basename(linked);
      const target = pages.get(linked);
      if (!target) throw new Error(`${file} links to ${href}, which has no page on the site`);
      return `${target}.html${fragment ? `#${fragment}` : ""}`;
    };
    const seen = new Map();
    const heading = (title) => {
      const id = anchors.heading(title);
      const count = seen.get(id) ?? 0;
      seen.set(id, count + 1);
      return count ? `${id}-${count + 1}` : id;
    };
    const markdown = reader(text.reference, { link, heading });
    const source = readFileSync(join(root, file), "utf8");
    const html = ruled(markdown.parse(sections ? `# ${title}\n\n${parts(source, sections, file)}` : source), rules);
    const language = name === "pipeline-language";
    const body = `<article class="guide">\n${language ? keyed(html, anchors) : html}</article>\n`;
    write(name, `${title} · ${text.page.name}`, body, language ? "language" : "guides");
  }
  const row = ([name, { title, about }]) => `<dt><a href="${name}.html">${escape(title)}</a></dt><dd>${escape(about)}</dd>\n`;
  const list = `<h1>${text.guides.index.title}</h1>\n<p>${escape(text.guides.index.about)}</p>\n<dl class="list">\n${Object.entries(text.guides)
    .filter(([name]) => name !== "index")
    .map(row)
    .join("")}</dl>\n`;
  write("index", `${text.guides.index.title} · ${text.page.name}`, list, "guides");
}

/** The named sections of a document, in that order. */
function parts(source, sections, file) {
  const all = new Map(source.split(/^(?=## )/m).map((section) => [/^## (.*)/.exec(section)?.[1], section]));
  return sections.map((name) => all.get(name) ?? fail(`${file} has no section "${name}"`)).join("\n");
}

const fail = (message) => {
  throw new Error(message);
};

/** Links the ids of rules to their pages. */
const ruled = (html, rules) =>
  html.replace(/<code>([a-z-]+)<\/code>(?!<\/a>)/g, (code, id) => (rules.has(id) ? `<a href="../rules/${id}.html">${code}</a>` : code));

/** The language table with a table of contents, an id for each key's row, and links between its sections. */
function keyed(html, anchors) {
  const sections = [...html.matchAll(/<h2 id="([^"]*)">(.*)<\/h2>/g)].map(([, id, title]) => ({ id, title }));
  const plain = (html) => html.replace(/<[^>]*>/g, "").replaceAll("&#39;", "'").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
  const ids = new Map(sections.toReversed().map(({ id, title }) => [plain(title).toLowerCase(), id]));
  const taken = new Set();
  let section = "";
  const rows = html.replace(/<h2 id="[^"]*">(.*)<\/h2>|<tr><td>(<code>([^<]*)<\/code>.*?)<\/td>\s*<td>(.*?)<\/td>/g, (whole, title, cell, key, holds) => {
    if (title !== undefined) {
      section = plain(title);
      return whole;
    }
    const id = anchors.key(section, key);
    const named = taken.has(id) ? "" : ` id="${id}"`;
    taken.add(id);
    const target = ids.get(plain(holds).toLowerCase()) ?? ids.get(plain(holds).toLowerCase().replace(/^a list of /, ""));
    return `<tr${named}><td>${cell}</td>\n<td>${target ? `<a href="#${target}">${holds}</a>` : holds}</td>`;
  });
  const contents = `<nav class="contents">${sections.map(({ id, title }) => `<a href="#${id}">${title}</a>`).join("")}</nav>\n`;
  return rows.replace(/(?=<h2 )/, () => contents);
}
