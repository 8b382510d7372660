// Elements without a framework.

type Properties<E extends HTMLElement> = Partial<Omit<E, "dataset" | "style" | "attributes">> & {
  dataset?: Record<string, string>;
  /** Attributes without a property, such as `aria-controls`. */
  attributes?: Record<string, string>;
};

/** A new element with properties and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string | undefined)[]
): HTMLElementTagNameMap[K] {
  const { dataset, attributes, ...rest } = properties;
  const created = Object.assign(document.createElement(tag), rest);
  Object.assign(created.dataset, dataset);
  for (const [name, value] of Object.entries(attributes ?? {})) created.setAttribute(name, value);
  created.append(...children.filter((child) => child !== undefined));
  return created;
}

let helpTexts = 0;

/** A form control with its label and an optional help text. */
export function field(label: string, control: HTMLElement, help?: string): HTMLElement {
  const labeled = element("label", {}, element("span", { textContent: label }), control);
  if (help === undefined) return element("div", { className: "field" }, labeled);
  const id = `help-${(helpTexts += 1)}`;
  control.setAttribute("aria-describedby", id);
  return element("div", { className: "field" }, labeled, element("small", { id, textContent: help }));
}

/** A text area without spell checking and autocompletion. */
export const area = (rows: number) => element("textarea", { rows, spellcheck: false, autocomplete: "off" });

/** A text field without spell checking and autocompletion. */
export const line = (placeholder = "", value = "") =>
  element("input", { type: "text", value, placeholder, spellcheck: false, autocomplete: "off" });

/** A select with an option for each value. */
export const select = (options: Record<string, string>) =>
  element("select", {}, ...Object.entries(options).map(([value, label]) => element("option", { value, textContent: label })));

/** A section that can be collapsed. */
export const disclosure = (title: string, open: boolean, ...children: HTMLElement[]) =>
  element("details", { className: "disclosure", open }, element("summary", { textContent: title }), ...children);

/** An empty state. */
export const blank = ({ title, about }: { title: string; about: string }, kind = "") =>
  element("div", { className: `blank ${kind}` }, element("h3", { textContent: title }), element("p", {}, prose(about)));

/** The element of index.html with this id. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no element with the id ${id}`);
  return found as E;
}

/** A message whose `quoted` parts are shown as code. */
export function prose(text: string): DocumentFragment {
  const fragment = document.createDocumentFragment();
  text.split(/`([^`]+)`/).forEach((part, index) => {
    if (part) fragment.append(index % 2 ? element("code", { textContent: part }) : part);
  });
  return fragment;
}
