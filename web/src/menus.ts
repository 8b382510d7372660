// The menus above the editor: examples, files and URLs, shortcuts.

import { element, field } from "./dom";
import { EXAMPLES } from "./examples";
import type { Example } from "./examples";
import * as remote from "./remote";
import type { OpenedFile } from "./files";
import * as text from "./text";

/** Opens each menu under its button, within the width of the window. */
export function positionMenus(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[popovertarget]")) {
    const menu = button.popoverTargetElement as HTMLElement;
    menu.addEventListener("toggle", (event) => {
      button.ariaExpanded = String((event as ToggleEvent).newState === "open");
      if ((event as ToggleEvent).newState !== "open") return;
      const { left, bottom } = button.getBoundingClientRect();
      const margin = 14;
      const rightmost = document.documentElement.clientWidth - menu.offsetWidth - margin;
      menu.style.left = `${Math.max(margin, Math.min(left, rightmost))}px`;
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
  const strings = text.opening;
  const input = element("input", {
    type: "url",
    id: "address",
    required: true,
    placeholder: strings.placeholder,
    spellcheck: false,
    autocomplete: "off",
    attributes: { "aria-describedby": "consequence" },
  });
  const consequence = element("p", { className: "consequence", id: "consequence", textContent: strings.idle });
  const fetch = element("button", { type: "submit", className: "action", textContent: strings.fetch, disabled: true });
  const failure = element("p", { className: "problem error", role: "alert" });
  const form = element(
    "form",
    { className: "form", noValidate: true },
    field(strings.address, input),
    consequence,
    fetch,
    failure,
  );
  input.addEventListener("input", () => {
    const url = remote.address(input.value);
    failure.textContent = "";
    fetch.disabled = !url;
    consequence.textContent = url ? strings.announce(url) : input.value.trim() ? strings.notAnAddress : strings.idle;
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
      failure.textContent = strings.failures(answer, url.host);
      return;
    }
    menu.hidePopover();
    opened(answer);
  });
  menu.append(
    entry(strings.file, strings.fileAbout, () => {
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
