// The names and UUIDs of a repository in Bitbucket, shared by all forms and kept for the lifetime of the tab.

import { element } from "./dom";

const KEY = "keyless.identity";

export type Name = "workspace" | "workspaceUuid" | "repository" | "repositoryUuid" | `environment ${string}`;

export class Identity {
  readonly #values = new Map<string, string>(JSON.parse(sessionStorage.getItem(KEY) ?? "[]") as [string, string][]);

  /** The value, trimmed. */
  value(name: Name): string {
    return this.#values.get(name)?.trim() ?? "";
  }

  /** A field for the value, in sync with all other fields for it. */
  input(name: Name, placeholder: string): HTMLInputElement {
    const input = element("input", {
      type: "text",
      value: this.#values.get(name) ?? "",
      placeholder,
      spellcheck: false,
      autocomplete: "off",
      dataset: { identity: name },
    });
    input.addEventListener("input", () => {
      this.#values.set(name, input.value);
      sessionStorage.setItem(KEY, JSON.stringify([...this.#values]));
      for (const other of document.querySelectorAll<HTMLInputElement>(`[data-identity="${CSS.escape(name)}"]`)) {
        if (other !== input) other.value = input.value;
      }
    });
    return input;
  }
}
