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
  /** The visitor wants to simulate the generated trust policies. */
  simulate(template: string): void;
  /** Shows a message for a few seconds. */
  notify(message: string): void;
}

interface Row {
  name: string;
  /** Whether the visitor added it. */
  added: boolean;
  wanted: HTMLInputElement;
  role: HTMLSelectElement;
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
  readonly #accounts = line("111111111111, 222222222222");
  readonly #boundary = line("arn:aws:iam::123456789012:policy/boundary");
  readonly #path = line("/", "/");
  readonly #pipe = line("registry.example.com/keyless-pipe:1.0.0");
  readonly #checks: Record<Check, HTMLInputElement>;
  #environments: Row[] = [];
  /** Whether there is an answer, which then follows the form. */
  #generated = false;

  constructor(
    engine: Engine,
    private readonly identity: Identity,
    private readonly events: SetupEvents,
  ) {
    const strings = text.setup;
    const check = () => element("input", { type: "checkbox" });
    this.#checks = { providerExists: check(), withReadOnly: check(), bindSession: check() };
    this.#latest = new Latest(
      async (form) => (await engine.ask("setup", form)).answer,
      (form, answer) => this.#show(answer, form.format),
      () => this.#answer.replaceChildren(text.status.failed),
    );
    const checked = (name: Check) => element("label", { className: "check" }, this.#checks[name], strings[name]);
    const listed = field(strings.listed, this.#listed, strings.listedHelp);
    const bound = checked("bindSession");
    this.#listed.placeholder = "203.0.113.0/24";
    const from = () => {
      listed.hidden = this.#from.value !== "listed";
      bound.hidden = this.#from.value === "anywhere";
    };
    this.#from.addEventListener("change", from);
    from();
    this.panel.append(
      element("p", { className: "lead" }, prose(strings.lead)),
      element(
        "div",
        { className: "pairs" },
        field(strings.workspace, identity.input("workspace", "acme")),
        field(strings.workspaceUuid, identity.input("workspaceUuid", "{6f3c2f9e-…}")),
        field(strings.repository, identity.input("repository", "web")),
        field(strings.repositoryUuid, identity.input("repositoryUuid", "{b1d2c3e4-…}")),
      ),
      this.#environmentsField(),
      field(strings.profile, this.#profile),
      checked("providerExists"),
      disclosure(
        strings.more,
        false,
        field(strings.from, this.#from, strings.fromHelp),
        listed,
        bound,
        checked("withReadOnly"),
        element(
          "div",
          { className: "pairs" },
          field(strings.hours, this.#hours),
          field(strings.quota, this.#quota),
          field(strings.prefix, this.#prefix),
          field(strings.qualifier, this.#qualifier),
          field(strings.rolePath, this.#path),
          field(strings.boundary, this.#boundary),
          field(strings.deployAccounts, this.#accounts, strings.deployAccountsHelp),
          field(strings.pipe, this.#pipe),
        ),
      ),
      element(
        "div",
        { className: "finish" },
        field(strings.format, this.#format),
        element("button", { type: "submit", className: "action primary", textContent: strings.generate }),
      ),
      this.#answer,
    );
    this.panel.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#latest.update(this.#form());
    });
    this.panel.addEventListener("input", () => this.#generated && void this.#latest.update(this.#form()));
  }

  /** Lists the environments of the file, and those that were added or have a UUID. */
  outline(outline: LocatedOutline): void {
    const named = environments(outline);
    this.#environments = this.#environments.filter(({ name, added, row }) => {
      const keep = added || named.includes(name) || this.identity.value(`environment ${name}`) !== "";
      if (!keep) row.remove();
      return keep;
    });
    for (const name of named) this.#add(name, false);
    this.#none.hidden = this.#environments.length > 0;
  }

  #environmentsField(): HTMLElement {
    const strings = text.setup;
    const name = line(strings.environmentName);
    name.ariaLabel = strings.environmentName;
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
      element("legend", { textContent: strings.environments }),
      this.#none,
      this.#rows,
      element("div", { className: "adding" }, name, element("button", { type: "button", className: "action", textContent: strings.add, onclick: add })),
    );
  }

  #add(name: string, added: boolean): void {
    if (this.#environments.some((row) => row.name === name)) return;
    const wanted = element("input", { type: "checkbox", checked: true });
    const uuid = this.identity.input(`environment ${name}`, "{0a1b2c3d-…}");
    uuid.ariaLabel = text.setup.uuidOf(name);
    const role = select(text.setup.environmentRoles);
    role.ariaLabel = text.setup.roleOf(name);
    const row = element("div", {}, element("label", { className: "check" }, wanted, name), uuid, role);
    this.#environments.push({ name, added, wanted, role, row });
    this.#rows.append(row);
    this.#none.hidden = true;
  }

  #form(): SetupForm {
    const { identity } = this;
    const from = this.#from.value as keyof typeof text.setup.addresses;
    const named = (kind: keyof typeof text.setup.environmentRoles): [string, string][] =>
      this.#environments
        .filter(({ wanted, role }) => wanted.checked && role.value === kind)
        .map(({ name }) => [name, identity.value(`environment ${name}`)]);
    return {
      workspace: identity.value("workspace"),
      workspaceUuid: identity.value("workspaceUuid"),
      repository: identity.value("repository"),
      repositoryUuid: identity.value("repositoryUuid"),
      environments: named("deploys"),
      readOnlyEnvironments: named("reads"),
      profile: this.#profile.value as SetupProfile,
      format: this.#format.value as SetupFormat,
      providerExists: this.#checks.providerExists.checked,
      withReadOnly: this.#checks.withReadOnly.checked,
      deployAccounts: this.#accounts.value,
      permissionsBoundary: this.#boundary.value.trim(),
      rolePath: this.#path.value.trim(),
      pipe: this.#pipe.value.trim(),
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
    this.#generated = true;
    const strings = text.setup;
    const file = strings.files[format];
    const save = this.#action(strings.download, () => files.download(file, answer.text, false));
    const simulate = this.#action(strings.simulate, () => this.events.simulate(answer.text));
    this.#answer.replaceChildren(
      this.#result(file, "file", answer.text, save, ...(format === "cloudformation-json" ? [simulate] : [])),
      this.#result(strings.deploy, "deploy", strings.commands[format]),
      element(
        "section",
        {},
        element("h3", { textContent: strings.inBitbucket }),
        element("ul", { className: "settings" }, ...answer.settings.map((setting) => element("li", {}, prose(setting)))),
      ),
      this.#result(strings.inPipeline, "steps", answer.steps),
      disclosure(strings.roles, false, element("pre", { className: "roles", tabIndex: 0, textContent: answer.roles })),
    );
  }

  #action(label: string, onclick: () => void): HTMLButtonElement {
    return element("button", { type: "button", className: "action", textContent: label, onclick });
  }

  /** A text to copy, under its title. */
  #result(title: string, part: string, result: string, ...actions: HTMLElement[]): HTMLElement {
    const notify = () => this.events.notify(text.setup.copied);
    const copy = this.#action(text.setup.copy, () => void navigator.clipboard.writeText(result).then(notify, () => {}));
    copy.ariaLabel = text.setup.copyOf(title);
    return element(
      "section",
      { dataset: { part } },
      element("div", { className: "result-bar" }, element("h3", { textContent: title }), copy, ...actions),
      element("pre", { tabIndex: 0, textContent: result }),
    );
  }
}
