// The views next to the editor, one at a time: the tabs pattern of the ARIA Authoring Practices.

import { element } from "./dom";

export interface View {
  /** Part of element ids. */
  id: string;
  title: string;
  panel: HTMLElement;
  /** Called each time the view is shown. */
  shown?(): void;
}

export class Tabs {
  readonly #tabs = new Map<string, { view: View; tab: HTMLButtonElement; count: HTMLElement }>();
  #current = "";

  constructor(list: HTMLElement, panels: HTMLElement, views: readonly View[]) {
    for (const view of views) {
      const count = element("span", { className: "count" });
      const tab = element(
        "button",
        {
          type: "button",
          id: `tab-${view.id}`,
          role: "tab",
          attributes: { "aria-controls": `view-${view.id}` },
          onclick: () => this.show(view.id),
          onkeydown: (event) => this.#move(event),
        },
        view.title,
        count,
      );
      view.panel.id = `view-${view.id}`;
      view.panel.role = "tabpanel";
      view.panel.tabIndex = 0;
      view.panel.setAttribute("aria-labelledby", tab.id);
      list.append(tab);
      panels.append(view.panel);
      this.#tabs.set(view.id, { view, tab, count });
    }
    const first = views[0];
    if (first) this.show(first.id);
  }

  get current(): string {
    return this.#current;
  }

  show(id: string): void {
    if (!this.#tabs.has(id)) return;
    this.#current = id;
    for (const [key, { view, tab }] of this.#tabs) {
      const selected = key === id;
      tab.ariaSelected = String(selected);
      tab.tabIndex = selected ? 0 : -1;
      view.panel.hidden = !selected;
      if (selected) {
        tab.scrollIntoView({ block: "nearest", inline: "center" });
        view.shown?.();
      }
    }
  }

  /** Shows a number after a tab's title, unless it is zero. */
  count(id: string, count: number): void {
    const entry = this.#tabs.get(id);
    if (entry) entry.count.textContent = count ? String(count) : "";
  }

  #move(event: KeyboardEvent): void {
    const ids = [...this.#tabs.keys()];
    const at = ids.indexOf(this.#current);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: ids.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const id = ids.at(to % ids.length)!;
    this.show(id);
    this.#tabs.get(id)!.tab.focus();
  }
}
