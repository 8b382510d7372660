// The list of findings next to the editor.

import { documentation } from "./documentation";
import { blank, element, prose } from "./dom";
import type { Severity } from "./protocol";
import type { LocatedFinding } from "./questions";
import { SEVERITIES } from "./severity";
import * as text from "./text";

/** Rows beyond this number are only counted. */
const MAX_ROWS = 200;

export interface ProblemsEvents {
  /** The visitor wants to see this range of the text. */
  goTo(from: number, to: number): void;
  /** The visitor wants to apply the fixes of these findings. */
  fix(findings: LocatedFinding[]): void;
}

export class ProblemsView {
  readonly panel = element("div", { className: "problems-view" });
  readonly #hidden = new Set<Severity>();
  #findings: readonly LocatedFinding[] = [];
  #empty = false;
  #line = 1;
  /** The rule whose documentation is open. */
  #explained: string | undefined;

  constructor(private readonly events: ProblemsEvents) {}

  /** `empty`: the text is blank. */
  show(findings: readonly LocatedFinding[], empty: boolean): void {
    this.#findings = findings;
    this.#empty = empty;
    this.#draw();
  }

  /** Highlights the rows of the cursor's line. */
  mark(line: number): void {
    this.#line = line;
    for (const row of this.panel.querySelectorAll<HTMLElement>("li[data-line]")) {
      row.ariaCurrent = row.dataset.line === String(line) ? "true" : null;
    }
  }

  /** Shows a rule's documentation in place of the list, until the visitor goes back. */
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
      const message = this.#empty ? text.problems.empty : text.problems.clean;
      this.panel.replaceChildren(blank(message, this.#empty ? "empty" : "clean"));
      return;
    }
    let left = MAX_ROWS;
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
            ? [element("p", { className: "more" }, text.problems.more(all.length - listed.length))]
            : []),
        ),
      ];
    });
    this.panel.replaceChildren(this.#bar(), ...groups);
    this.mark(this.#line);
  }

  /** The severity filter, and the button that applies all safe fixes. */
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
      textContent: text.problems.fixAll(safe.length),
      onclick: () => this.events.fix(safe),
    });
    return element(
      "div",
      { className: "bar" },
      element("div", { className: "chips", attributes: { role: "group", "aria-label": text.problems.filter } }, ...chips),
      ...(safe.length ? [fixAll] : []),
    );
  }

  #fixButton(finding: LocatedFinding, { title, safe }: NonNullable<LocatedFinding["fix"]>): HTMLButtonElement {
    const button = element("button", { type: "button", className: "fix", onclick: () => this.events.fix([finding]) }, prose(title));
    if (!safe) button.title = text.problems.review;
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
          className: "location",
          title: text.problems.goTo(start.line, start.column),
          onclick: () => this.events.goTo(finding.from, finding.to),
        },
        element("span", { className: "position" }, text.problems.position(start.line, start.column)),
        element("span", { className: "message" }, prose(message)),
      ),
      ...(finding.related ?? []).map((location) =>
        element(
          "button",
          { type: "button", className: "location related", onclick: () => this.events.goTo(location.from, location.to) },
          element("span", { className: "position" }, text.problems.position(location.start.line, location.start.column)),
          element("span", { className: "message" }, prose(location.label ?? "")),
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
