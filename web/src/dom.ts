// Elements without a framework.

type Properties<E extends HTMLElement> = Partial<Omit<E, "dataset" | "style" | "attributes">> & {
  dataset?: Record<string, string>;
  /** Attributes that have no property of their own, such as `aria-controls`. */
  attributes?: Record<string, string>;
};

/** A new element with properties and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string | undefined)[]
): HTMLElementTagNameMap[K] {
  const { dataset, attributes, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  Object.assign(made.dataset, dataset);
  for (const [name, value] of Object.entries(attributes ?? {})) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

let described = 0;

/** A form control under its label, with a line of help that describes it. */
export function field(label: string, control: HTMLElement, help?: string): HTMLElement {
  const named = element("label", {}, element("span", { textContent: label }), control);
  if (help === undefined) return element("div", { className: "field" }, named);
  const id = `help-${(described += 1)}`;
  control.setAttribute("aria-describedby", id);
  return element("div", { className: "field" }, named, element("small", { id, textContent: help }));
}

/** A text of several lines, without the corrections that browsers offer for prose. */
export const area = (rows: number) => element("textarea", { rows, spellcheck: false, autocomplete: "off" });

/** A text of one line, likewise. */
export const line = (placeholder = "", value = "") =>
  element("input", { type: "text", value, placeholder, spellcheck: false, autocomplete: "off" });

/** A choice by value. */
export const select = (options: Record<string, string>) =>
  element("select", {}, ...Object.entries(options).map(([value, label]) => element("option", { value, textContent: label })));

/** What can be folded under a line. */
export const disclosure = (title: string, open: boolean, ...children: HTMLElement[]) =>
  element("details", { className: "disclosure", open }, element("summary", { textContent: title }), ...children);

/** What stands where there is nothing to list. */
export const blank = ({ title, about }: { title: string; about: string }, kind = "") =>
  element("div", { className: `blank ${kind}` }, element("h3", { textContent: title }), element("p", {}, prose(about)));

/** The element of index.html with this id. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no element with the id ${id}`);
  return found as E;
}

/** Message text whose `quoted` parts become code. */
export function prose(text: string): DocumentFragment {
  const fragment = document.createDocumentFragment();
  text.split(/`([^`]+)`/).forEach((part, index) => {
    if (part) fragment.append(index % 2 ? element("code", { textContent: part }) : part);
  });
  return fragment;
}
