// The variables that the steps need from Bitbucket's settings, as in `keyless requirements`.

import { blank, element, prose } from "./dom";
import type { RequirementsAnswer } from "./protocol";
import * as text from "./text";

const KEY = "keyless.defined";

export class RequirementsView {
  readonly panel = element("div", { className: "form requirements" });
  /** Variables that the visitor marked as defined, kept for the lifetime of the tab. */
  readonly #defined = new Set<string>(JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as string[]);

  constructor(
    private readonly changed: () => void,
    private readonly notify: (message: string) => void,
  ) {}

  get defined(): string[] {
    return [...this.#defined];
  }

  show({ steps, variables, markdown }: RequirementsAnswer): void {
    if (!variables.length) {
      this.panel.replaceChildren(blank(text.requirements.empty));
      return;
    }
    const focused = document.activeElement?.id;
    const strings = text.requirements;
    const rows = variables.map(({ name, level, environments, status }) => {
      const users = steps.filter((step) => step.variables.some((variable) => variable.name === name));
      const box = element("input", {
        type: "checkbox",
        id: `requirement-${name}`,
        checked: this.#defined.has(name),
        onchange: () => this.#tick(name, box.checked),
      });
      return element(
        "tr",
        { className: status },
        element("td", {}, element("label", {}, box, element("code", { textContent: name })), " ", strings.statuses[status]),
        element("td", { textContent: strings.levels[level](environments) }),
        element("td", {}, ...users.flatMap(({ step }, index) => [...(index ? [", "] : []), prose(step)])),
      );
    });
    const copy = () => void navigator.clipboard.writeText(markdown).then(() => this.notify(strings.copied), () => {});
    this.panel.replaceChildren(
      element("p", { className: "lead", textContent: strings.lead }),
      element(
        "table",
        {},
        element(
          "thead",
          {},
          element("tr", {}, ...[strings.variable, strings.level, strings.usedBy].map((title) => element("th", { scope: "col", textContent: title }))),
        ),
        element("tbody", {}, ...rows),
      ),
      element("button", { type: "button", className: "action", textContent: strings.copy, onclick: copy }),
    );
    if (focused?.startsWith("requirement-")) document.getElementById(focused)?.focus();
  }

  #tick(name: string, defined: boolean): void {
    if (defined) this.#defined.add(name);
    else this.#defined.delete(name);
    sessionStorage.setItem(KEY, JSON.stringify(this.defined));
    this.changed();
  }
}
