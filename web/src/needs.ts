// What each step needs from Bitbucket's settings: `keyless requirements`, live.

import { blank, element, prose } from "./dom";
import type { RequirementsAnswer } from "./protocol";
import * as text from "./text";

const KEY = "keyless.defined";

export class Needs {
  readonly panel = element("div", { className: "form needs" });
  /** Variables that the visitor says are defined. They last as long as the tab. */
  readonly #defined = new Set<string>(JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as string[]);

  constructor(
    private readonly changed: () => void,
    private readonly tell: (words: string) => void,
  ) {}

  get defined(): string[] {
    return [...this.#defined];
  }

  show({ steps, variables, markdown }: RequirementsAnswer): void {
    if (!variables.length) {
      this.panel.replaceChildren(blank(text.needs.empty));
      return;
    }
    const focused = document.activeElement?.id;
    const words = text.needs;
    const rows = variables.map(({ name, level, environments, status }) => {
      const users = steps.filter((step) => step.variables.some((variable) => variable.name === name));
      const box = element("input", {
        type: "checkbox",
        id: `needs-${name}`,
        checked: this.#defined.has(name),
        onchange: () => this.#tick(name, box.checked),
      });
      return element(
        "tr",
        { className: status },
        element("td", {}, element("label", {}, box, element("code", { textContent: name })), " ", words.statuses[status]),
        element("td", { textContent: words.levels[level](environments) }),
        element("td", {}, ...users.flatMap(({ step }, index) => [...(index ? [", "] : []), prose(step)])),
      );
    });
    const copy = () => void navigator.clipboard.writeText(markdown).then(() => this.tell(words.copied), () => {});
    this.panel.replaceChildren(
      element("p", { className: "lead", textContent: words.lead }),
      element(
        "table",
        {},
        element(
          "thead",
          {},
          element("tr", {}, ...[words.variable, words.level, words.usedBy].map((title) => element("th", { scope: "col", textContent: title }))),
        ),
        element("tbody", {}, ...rows),
      ),
      element("button", { type: "button", className: "action", textContent: words.copy, onclick: copy }),
    );
    if (focused?.startsWith("needs-")) document.getElementById(focused)?.focus();
  }

  #tick(name: string, defined: boolean): void {
    if (defined) this.#defined.add(name);
    else this.#defined.delete(name);
    sessionStorage.setItem(KEY, JSON.stringify(this.defined));
    this.changed();
  }
}
