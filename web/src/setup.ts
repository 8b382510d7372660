// The form of `keyless setup`.

import { area, disclosure, element, field, line, prose, select } from "./dom";
import type { Engine } from "./engine";
import { Latest } from "./engine";
import * as files from "./files";
import type { Identity } from "./identity";
import type { OrError, SetupAnswer, SetupFormat, SetupForm, SetupProfile } from "./protocol";
import type { LocatedOutline } from "./questions";
import { environments } from "./steps";
import * as text from "./text";

type Check = "providerExists" | "withReadOnly" | "bindSession";

export interface SetupEvents {
  /** Someone wants to ask the written trust policies. */
  ask(template: string): void;
  /** Something to say that goes away by itself. */
  tell(words: string): void;
}

interface Row {
  name: string;
  /** Whether someone added it by hand. */
  added: boolean;
  wanted: HTMLInputElement;
  row: HTMLElement;
}

export class SetupView {
  readonly panel = element("form", { className: "form", noValidate: true });
  readonly #answer = element("div", { className: "answer", attributes: { "aria-live": "polite" } });
  readonly #rows = element("div", { className: "environments" });
  readonly #none = element("p", { className: "nothing", textContent: text.setup.noEnvironments });
  readonly #latest: Latest<SetupForm, OrError<SetupAnswer>>;
  readonly #profile = select(text.setup.profiles);
  readonly #format = select(text.setup.formats);
  readonly #from = select(text.setup.addresses);
  readonly #listed = area(3);
  readonly #hours = element("input", { type: "number", min: "1", max: "12", value: "1" });
  readonly #prefix = line("bitbucket", "bitbucket");
  readonly #qualifier = line("hnb659fds", "hnb659fds");
  readonly #quota = select(text.setup.quotas);
  readonly #checks: Record<Check, HTMLInputElement>;
  #environments: Row[] = [];
  /** Once written, it follows the form. */
  #written = false;

  constructor(
    engine: Engine,
    private readonly identity: Identity,
    private readonly events: SetupEvents,
  ) {
    const words = text.setup;
    const check = () => element("input", { type: "checkbox" });
    this.#checks = { providerExists: check(), withReadOnly: check(), bindSession: check() };
    this.#latest = new Latest(
      async (form) => (await engine.ask("setup", form)).answer,
      (form, answer) => this.#show(answer, form.format),
      () => this.#answer.replaceChildren(text.status.failed),
    );
    const checked = (name: Check) => element("label", { className: "check" }, this.#checks[name], words[name]);
    const listed = field(words.listed, this.#listed, words.listedHelp);
    const bound = checked("bindSession");
    this.#listed.placeholder = "203.0.113.0/24";
    const from = () => {
      listed.hidden = this.#from.value !== "listed";
      bound.hidden = this.#from.value === "anywhere";
    };
    this.#from.addEventListener("change", from);
    from();
    this.panel.append(
      element("p", { className: "lead", textContent: words.lead }),
      element(
        "div",
        { className: "pairs" },
        field(words.workspace, identity.input("workspace", "acme")),
        field(words.workspaceUuid, identity.input("workspaceUuid", "{6f3c2f9e-…}")),
        field(words.repository, identity.input("repository", "web")),
        field(words.repositoryUuid, identity.input("repositoryUuid", "{b1d2c3e4-…}")),
      ),
      this.#environmentsField(),
      field(words.profile, this.#profile),
      checked("providerExists"),
      disclosure(
        words.more,
        false,
        field(words.from, this.#from, words.fromHelp),
        listed,
        bound,
        checked("withReadOnly"),
        element(
          "div",
          { className: "pairs" },
          field(words.hours, this.#hours),
          field(words.quota, this.#quota),
          field(words.prefix, this.#prefix),
          field(words.qualifier, this.#qualifier),
        ),
      ),
      element(
        "div",
        { className: "finish" },
        field(words.format, this.#format),
        element("button", { type: "submit", className: "action primary", textContent: words.write }),
      ),
      this.#answer,
    );
    this.panel.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#latest.update(this.#form());
    });
    this.panel.addEventListener("input", () => this.#written && void this.#latest.update(this.#form()));
  }

  /** Offers the environments of the file, beside those that were added or have a UUID already. */
  outline(outline: LocatedOutline): void {
    const named = environments(outline);
    this.#environments = this.#environments.filter(({ name, added, row }) => {
      const stays = added || named.includes(name) || this.identity.value(`environment ${name}`) !== "";
      if (!stays) row.remove();
      return stays;
    });
    for (const name of named) this.#add(name, false);
    this.#none.hidden = this.#environments.length > 0;
  }

  #environmentsField(): HTMLElement {
    const words = text.setup;
    const name = line(words.environmentName);
    name.ariaLabel = words.environmentName;
    const add = () => {
      const wanted = name.value.trim();
      if (wanted) this.#add(wanted, true);
      name.value = "";
      this.#environments.find((row) => row.name === wanted)?.row.querySelector<HTMLInputElement>("[type=text]")?.focus();
    };
    name.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      add();
    });
    return element(
      "fieldset",
      {},
      element("legend", { textContent: words.environments }),
      this.#none,
      this.#rows,
      element("div", { className: "adding" }, name, element("button", { type: "button", className: "action", textContent: words.add, onclick: add })),
    );
  }

  #add(name: string, added: boolean): void {
    if (this.#environments.some((row) => row.name === name)) return;
    const wanted = element("input", { type: "checkbox", checked: true });
    const uuid = this.identity.input(`environment ${name}`, "{0a1b2c3d-…}");
    uuid.ariaLabel = text.setup.uuidOf(name);
    const row = element("div", {}, element("label", { className: "check" }, wanted, name), uuid);
    this.#environments.push({ name, added, wanted, row });
    this.#rows.append(row);
    this.#none.hidden = true;
  }

  #form(): SetupForm {
    const { identity } = this;
    const from = this.#from.value as keyof typeof text.setup.addresses;
    const wanted = this.#environments.filter((row) => row.wanted.checked);
    return {
      workspace: identity.value("workspace"),
      workspaceUuid: identity.value("workspaceUuid"),
      repository: identity.value("repository"),
      repositoryUuid: identity.value("repositoryUuid"),
      environments: wanted.map(({ name }) => [name, identity.value(`environment ${name}`)]),
      profile: this.#profile.value as SetupProfile,
      format: this.#format.value as SetupFormat,
      providerExists: this.#checks.providerExists.checked,
      withReadOnly: this.#checks.withReadOnly.checked,
      prefix: this.#prefix.value.trim(),
      qualifier: this.#qualifier.value.trim(),
      sessionHours: Math.trunc(Number(this.#hours.value)) || 0,
      addresses: from === "listed" ? { listed: this.#listed.value } : from,
      bindSession: from !== "anywhere" && this.#checks.bindSession.checked,
      trustPolicyQuota: Number(this.#quota.value),
    };
  }

  #show(answer: OrError<SetupAnswer>, format: SetupFormat): void {
    if ("error" in answer) {
      this.#answer.replaceChildren(element("p", { className: "problem error" }, prose(answer.error)));
      return;
    }
    this.#written = true;
    const words = text.setup;
    const file = words.files[format];
    const save = this.#action(words.download, () => files.download(file, answer.text, false));
    const ask = this.#action(words.ask, () => this.events.ask(answer.text));
    this.#answer.replaceChildren(
      this.#result(file, "file", answer.text, save, ...(format === "cloudformation-json" ? [ask] : [])),
      this.#result(words.deploy, "deploy", words.commands[format]),
      element(
        "section",
        {},
        element("h3", { textContent: words.inBitbucket }),
        element("ul", { className: "settings" }, ...answer.settings.map((setting) => element("li", { textContent: setting }))),
      ),
      this.#result(words.inPipeline, "steps", answer.steps),
      disclosure(words.roles, false, element("pre", { className: "roles", tabIndex: 0, textContent: answer.roles })),
    );
  }

  #action(words: string, onclick: () => void): HTMLButtonElement {
    return element("button", { type: "button", className: "action", textContent: words, onclick });
  }

  /** A text under its title, to be copied. */
  #result(title: string, part: string, result: string, ...actions: HTMLElement[]): HTMLElement {
    const copied = () => this.events.tell(text.setup.copied);
    const copy = this.#action(text.setup.copy, () => void navigator.clipboard.writeText(result).then(copied, () => {}));
    copy.ariaLabel = text.setup.copyOf(title);
    return element(
      "section",
      { dataset: { part } },
      element("div", { className: "written" }, element("h3", { textContent: title }), copy, ...actions),
      element("pre", { tabIndex: 0, textContent: result }),
    );
  }
}
