// The way from stored AWS keys to roles, as in `keyless migrate`.

import { blank, element, prose } from "./dom";
import type { MigrationAnswer } from "./protocol";
import type { Located, LocatedMigration, TextRange } from "./questions";
import * as text from "./text";

type Plan = Located<MigrationAnswer>;
type Edit = Plan["uses"][number]["edits"][number];

export interface MigrateEvents {
  /** Shows a range of the editor. */
  goTo(from: number, to: number): void;
  /** Applies edits of a text to the editor. */
  apply(text: string, edits: readonly Edit[]): void;
  notify(message: string): void;
}

export class MigrateView {
  readonly panel = element("div", { className: "form migrate" });

  constructor(private readonly events: MigrateEvents) {}

  /** Shows the plan of a pipeline. */
  show(pipeline: string, answer: LocatedMigration): void {
    if ("error" in answer) {
      this.panel.replaceChildren(element("p", { className: "problem error" }, prose(answer.error)));
      return;
    }
    const { uses } = answer;
    if (!uses.length) {
      this.panel.replaceChildren(blank(text.migrate.empty));
      return;
    }
    this.panel.replaceChildren(
      element("p", { className: "lead", textContent: text.migrate.lead }),
      element("ul", { className: "uses" }, ...uses.map((use) => this.#use(pipeline, use))),
      ...lists(answer),
      element("div", { className: "result-bar" }, ...this.#actions(pipeline, answer)),
    );
  }

  #use(pipeline: string, use: Plan["uses"][number]): HTMLElement {
    const { line, from, to, form, steps, reason, edits } = use;
    const names = steps.map(({ name, environments }) => [name, ...environments].join(" · "));
    const place = element("button", {
      type: "button",
      className: "back",
      textContent: text.migrate.line(line),
      onclick: () => this.events.goTo(from, to),
    });
    const changes = diff(pipeline, edits);
    return element(
      "li",
      { className: use.class },
      element("h3", {}, prose(text.migrate.forms[form])),
      element("p", {}, place, ` · ${names.join(", ")}`),
      element("p", {}, element("strong", { textContent: text.migrate.classes[use.class] }), ": ", prose(reason)),
      changes ? element("pre", { tabIndex: 0, attributes: { "aria-label": text.migrate.diff } }, ...changes) : undefined,
    );
  }

  #actions(pipeline: string, { uses, safe, all, markdown }: Plan): HTMLElement[] {
    const count = (...classes: string[]) => uses.filter((use) => classes.includes(use.class)).length;
    const button = (label: string, onclick: () => void) => element("button", { type: "button", className: "action", textContent: label, onclick });
    const copy = () => void navigator.clipboard.writeText(markdown).then(() => this.events.notify(text.migrate.copied), () => {});
    const [safeCount, allCount] = [count("safe"), count("safe", "unsafe")];
    return [
      ...(safeCount ? [button(text.migrate.applySafe(safeCount), () => this.events.apply(pipeline, safe))] : []),
      ...(allCount > safeCount ? [button(text.migrate.applyAll(allCount), () => this.events.apply(pipeline, all))] : []),
      button(text.migrate.copy, copy),
    ];
  }
}

/** What to do besides the edits. */
function lists({ roles, create, delete: retired, notes }: Plan): HTMLElement[] {
  const level = text.requirements.levels;
  const before = [
    ...roles.map((role) => text.migrate.role(role)),
    ...create.map((it) => `\`${it.name}\`: ${level[it.level](it.environments)}`),
  ];
  const afterwards = retired.map(({ name }) => text.migrate.retire(name));
  const check = notes.map(({ line, message }) => `${text.migrate.line(line)}: ${message}`);
  const list = (title: string, items: readonly string[]) =>
    items.length
      ? [element("h3", { textContent: title }), element("ul", { className: "settings" }, ...items.map((item) => element("li", {}, prose(item))))]
      : [];
  return [
    ...list(text.migrate.before, before),
    ...list(text.migrate.afterwards, afterwards),
    ...list(text.migrate.check, check),
  ];
}

/** The lines that edits change, before and after; nothing without edits. */
function diff(pipeline: string, edits: readonly Edit[]): HTMLElement[] | undefined {
  if (!edits.length) return undefined;
  const lines: HTMLElement[] = [];
  for (const group of inLines(pipeline, edits)) {
    let changed = "";
    let at = group.from;
    for (const { from, to, replacement } of group.edits) {
      changed += pipeline.slice(at, from) + replacement;
      at = to;
    }
    changed += pipeline.slice(at, group.to);
    const old = pipeline.slice(group.from, group.to).split("\n");
    const now = changed.split("\n");
    // Lines that both have stay out of the diff.
    while (old.length && now.length && old[0] === now[0]) {
      old.shift();
      now.shift();
    }
    while (old.length && now.length && old.at(-1) === now.at(-1)) {
      old.pop();
      now.pop();
    }
    lines.push(...old.map((line) => element("del", { textContent: `- ${line}\n` })));
    lines.push(...now.map((line) => element("ins", { textContent: `+ ${line}\n` })));
  }
  return lines;
}

/** The edits by the lines that they are in. */
function inLines(pipeline: string, edits: readonly Edit[]): (TextRange & { edits: Edit[] })[] {
  const groups: (TextRange & { edits: Edit[] })[] = [];
  for (const edit of edits) {
    const from = pipeline.lastIndexOf("\n", edit.from - 1) + 1;
    const end = pipeline.indexOf("\n", edit.to);
    const to = end < 0 ? pipeline.length : end;
    const last = groups.at(-1);
    if (last && from <= last.to) {
      last.edits.push(edit);
      last.to = Math.max(last.to, to);
    } else groups.push({ from, to, edits: [edit] });
  }
  return groups;
}
