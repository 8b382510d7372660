// The list of findings beside the editor.

import { documentation } from "./documentation";
import { blank, element, prose } from "./dom";
import type { Severity } from "./protocol";
import type { LocatedFinding } from "./questions";
import { SEVERITIES } from "./severity";
import * as text from "./text";

/** More rows than this are not read; the rest is counted. */
const LISTED = 200;

export interface FindingsEvents {
  /** Someone wants to see this range of the text. */
  goTo(from: number, to: number): void;
  /** Someone wants these findings fixed. */
  fix(findings: LocatedFinding[]): void;
}

export class Findings {
  readonly panel = element("div", { className: "findings" });
  readonly #hidden = new Set<Severity>();
  #findings: readonly LocatedFinding[] = [];
  #empty = false;
  #line = 1;
  /** The rule whose documentation is open. */
  #explained: string | undefined;

  constructor(private readonly events: FindingsEvents) {}

  /** `empty`: there is no text at all. */
  show(findings: readonly LocatedFinding[], empty: boolean): void {
    this.#findings = findings;
    this.#empty = empty;
    this.#draw();
  }

  /** Marks the rows of the editor's line. */
  mark(line: number): void {
    this.#line = line;
    for (const row of this.panel.querySelectorAll<HTMLElement>("li[data-line]")) {
      row.ariaCurrent = row.dataset.line === String(line) ? "true" : null;
    }
  }

  /** Puts a rule's documentation in the place of the list, until its reader goes back. */
  async #explain(rule: string): Promise<void> {
    const back = element("button", {
      type: "button",
      className: "back",
      textContent: text.rule.back,
      onclick: () => {
        this.#explained = undefined;
        this.#draw();
        this.panel.querySelector<HTMLElement>(`[data-rule="${rule}"] .rule`)?.focus();
      },
    });
    this.#explained = rule;
    const article = await documentation(rule);
    if (this.#explained !== rule) return;
    this.panel.replaceChildren(back, article);
    this.panel.scrollTop = 0;
    back.focus();
  }

  #draw(): void {
    if (this.#explained !== undefined) return;
    if (!this.#findings.length) {
      const words = this.#empty ? text.findings.empty : text.findings.clean;
      this.panel.replaceChildren(blank(words, this.#empty ? "empty" : "clean"));
      return;
    }
    let left = LISTED;
    const groups = SEVERITIES.flatMap((severity) => {
      const all = this.#findings.filter((finding) => finding.severity === severity);
      if (!all.length || this.#hidden.has(severity)) return [];
      const listed = all.slice(0, left);
      left -= listed.length;
      return [
        element(
          "section",
          { className: `group ${severity}` },
          element("h3", {}, text.severityHeading(severity), element("span", { className: "count", textContent: String(all.length) })),
          element("ol", {}, ...listed.map((finding) => this.#row(finding))),
          ...(all.length > listed.length
            ? [element("p", { className: "more" }, text.findings.more(all.length - listed.length))]
            : []),
        ),
      ];
    });
    this.panel.replaceChildren(this.#bar(), ...groups);
    this.mark(this.#line);
  }

  /** Which severities are shown, and the button that applies every safe fix. */
  #bar(): HTMLElement {
    const chips = SEVERITIES.map((severity) => {
      const count = this.#findings.filter((finding) => finding.severity === severity).length;
      return element("button", {
        type: "button",
        className: `chip ${severity}`,
        textContent: text.counted(count, severity),
        disabled: count === 0,
        attributes: { "aria-pressed": String(!this.#hidden.has(severity)) },
        onclick: () => {
          if (!this.#hidden.delete(severity)) this.#hidden.add(severity);
          this.#draw();
          this.panel.querySelector<HTMLElement>(`.chip.${severity}`)?.focus();
        },
      });
    });
    const safe = this.#findings.filter(({ fix }) => fix?.safe);
    const fixAll = element("button", {
      type: "button",
      className: "fix-all",
      textContent: text.findings.fixAll(safe.length),
      onclick: () => this.events.fix(safe),
    });
    return element(
      "div",
      { className: "bar" },
      element("div", { className: "chips", attributes: { role: "group", "aria-label": text.findings.filter } }, ...chips),
      ...(safe.length ? [fixAll] : []),
    );
  }

  #fixButton(finding: LocatedFinding, { title, safe }: NonNullable<LocatedFinding["fix"]>): HTMLButtonElement {
    const button = element("button", { type: "button", className: "fix", onclick: () => this.events.fix([finding]) }, prose(title));
    if (!safe) button.title = text.findings.review;
    return button;
  }

  #row(finding: LocatedFinding): HTMLLIElement {
    const { start, message, help, fix, rule } = finding;
    return element(
      "li",
      { dataset: { rule, line: String(start.line) } },
      element(
        "button",
        {
          type: "button",
          className: "place",
          title: text.findings.goTo(start.line, start.column),
          onclick: () => this.events.goTo(finding.from, finding.to),
        },
        element("span", { className: "position" }, text.findings.place(start.line, start.column)),
        element("span", { className: "message" }, prose(message)),
      ),
      ...(finding.related ?? []).map((place) =>
        element(
          "button",
          { type: "button", className: "place related", onclick: () => this.events.goTo(place.from, place.to) },
          element("span", { className: "position" }, text.findings.place(place.start.line, place.start.column)),
          element("span", { className: "message" }, prose(place.label ?? "")),
        ),
      ),
      ...(help ? [element("p", { className: "help" }, prose(help))] : []),
      element(
        "p",
        { className: "foot" },
        element("button", {
          type: "button",
          className: "rule",
          textContent: rule,
          title: text.rule.about(rule),
          onclick: () => void this.#explain(rule),
        }),
        ...(fix ? [this.#fixButton(finding, fix)] : []),
      ),
    );
  }
}
