// What opens under the buttons above the editor: examples, files and addresses, keys.

import { element, field } from "./dom";
import { EXAMPLES } from "./examples";
import type { Example } from "./examples";
import * as remote from "./remote";
import type { OpenedFile } from "./files";
import * as text from "./text";

/** Puts each menu under the button that opens it, as far as the window is wide. */
export function place(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[popovertarget]")) {
    const menu = button.popoverTargetElement as HTMLElement;
    menu.addEventListener("toggle", (event) => {
      button.ariaExpanded = String((event as ToggleEvent).newState === "open");
      if ((event as ToggleEvent).newState !== "open") return;
      const { left, bottom } = button.getBoundingClientRect();
      const margin = 14;
      const room = document.documentElement.clientWidth - menu.offsetWidth - margin;
      menu.style.left = `${Math.max(margin, Math.min(left, room))}px`;
      menu.style.top = `${bottom + 6}px`;
    });
  }
}

export function gallery(menu: HTMLElement, chosen: (example: Example) => void): void {
  menu.append(
    ...EXAMPLES.map((example) =>
      entry(example.title, example.about, () => {
        menu.hidePopover();
        chosen(example);
      }),
    ),
  );
}

const entry = (title: string, about: string, onclick: () => void) =>
  element(
    "button",
    { type: "button", className: "entry", onclick },
    element("strong", { textContent: title }),
    element("span", { textContent: about }),
  );

export function opening(menu: HTMLElement, choose: () => void, opened: (file: OpenedFile) => void): void {
  const words = text.opening;
  const input = element("input", {
    type: "url",
    id: "address",
    required: true,
    placeholder: words.placeholder,
    spellcheck: false,
    autocomplete: "off",
    attributes: { "aria-describedby": "consequence" },
  });
  const consequence = element("p", { className: "consequence", id: "consequence", textContent: words.nobody });
  const fetch = element("button", { type: "submit", className: "action", textContent: words.fetch, disabled: true });
  const failure = element("p", { className: "problem error", role: "alert" });
  const form = element(
    "form",
    { className: "form", noValidate: true },
    field(words.address, input),
    consequence,
    fetch,
    failure,
  );
  input.addEventListener("input", () => {
    const url = remote.address(input.value);
    failure.textContent = "";
    fetch.disabled = !url;
    consequence.textContent = url ? words.asks(url) : input.value.trim() ? words.notAnAddress : words.nobody;
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const url = remote.address(input.value);
    if (!url || fetch.disabled) return;
    fetch.disabled = true;
    failure.textContent = "";
    const answer = await remote.get(url);
    fetch.disabled = false;
    if (typeof answer === "string" || "status" in answer) {
      failure.textContent = words.failures(answer, url.host);
      return;
    }
    menu.hidePopover();
    opened(answer);
  });
  menu.append(
    entry(words.file, words.fileAbout, () => {
      menu.hidePopover();
      choose();
    }),
    form,
  );
}

export function keys(menu: HTMLElement): void {
  const rows = text.keys.flatMap(([pressed, about]) => [
    element("dt", {}, ...pressed.split(" ").flatMap((key, index) => [index ? " " : "", element("kbd", { textContent: key })])),
    element("dd", { textContent: about }),
  ]);
  menu.append(element("dl", {}, ...rows));
}
