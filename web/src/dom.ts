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

/** A form control under its label, with a line of help. */
export function field(label: string, control: HTMLElement, help?: string): HTMLLabelElement {
  return element(
    "label",
    { className: "field" },
    element("span", { textContent: label }),
    control,
    help ? element("small", { textContent: help }) : undefined,
  );
}

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
