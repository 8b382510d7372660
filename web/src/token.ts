// Decodes a token.

import { area, element, field, prose } from "./dom";
import type { Engine } from "./engine";
import { Latest } from "./engine";
import type { OrError, TokenClaims } from "./protocol";
import * as text from "./text";

/** The token is kept in the text area only: not in the draft, not in a link. */
export class TokenView {
  readonly panel = element("div", { className: "form" });
  readonly #token = area(5);
  readonly #answer = element("div", { className: "answer", attributes: { "aria-live": "polite" } });
  readonly #latest: Latest<string, OrError<TokenClaims>>;

  constructor(
    engine: Engine,
    private readonly simulate: (token: TokenClaims) => void,
  ) {
    this.#latest = new Latest(
      async (token) => (await engine.ask("token", token, Math.floor(Date.now() / 1000))).answer,
      (_, answer) => this.#show(answer),
      () => this.#answer.replaceChildren(text.status.failed),
    );
    this.#token.placeholder = text.token.placeholder;
    this.panel.append(
      element("p", { className: "lead", textContent: text.token.lead }),
      field(text.token.token, this.#token),
      this.#answer,
    );
    this.#token.addEventListener("input", () => {
      if (this.#token.value.trim()) void this.#latest.update(this.#token.value);
      else this.#answer.replaceChildren();
    });
  }

  #show(token: OrError<TokenClaims>): void {
    if (!this.#token.value.trim()) return;
    if ("error" in token) {
      this.#answer.replaceChildren(element("p", { className: "problem error" }, prose(token.error)));
      return;
    }
    const rows = Object.entries(text.token.claims).flatMap(([name, title]) => {
      const value = token[name as keyof typeof text.token.claims];
      if (value === null || value.length === 0) return [];
      const shown = Array.isArray(value) ? value.join(", ") : value;
      return [
        element("dt", { textContent: title }),
        element("dd", {}, shown, name === "branch" ? element("small", { textContent: text.token.unseen }) : undefined),
      ];
    });
    this.#answer.replaceChildren(
      ...token.mismatches.map(({ fatal, message }) =>
        element("p", { className: `problem ${fatal ? "error" : "warning"}` }, prose(message)),
      ),
      element("dl", { className: "claims" }, ...rows),
      element("button", { type: "button", className: "action", textContent: text.token.simulate, onclick: () => this.simulate(token) }),
    );
  }
}
