// Trust policy, token and set-up: the views about the AWS side.

import { element, field, prose } from "./dom";
import type { Engine } from "./engine";
import { Latest } from "./engine";
import * as files from "./files";
import type { SetupForm, Token, Trust, TrustRequest } from "./protocol";
import * as text from "./text";

/** A policy as IAM's pages recommend it, for the first look. */
const EXAMPLE_POLICY = JSON.stringify(
  {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: {
          Federated:
            "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
        },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud":
              "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1",
          },
          StringLike: {
            "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub":
              "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*",
          },
        },
      },
    ],
  },
  null,
  2,
);

const EXAMPLE_REQUEST: TrustRequest = {
  issuer: "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
  audience: "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1",
  subject:
    "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:{11111111-2222-4333-8444-555555555555}",
  sourceIp: "",
};

const area = (rows: number, label = "") =>
  element("textarea", { rows, spellcheck: false, autocomplete: "off", attributes: label ? { "aria-label": label } : {} });
const line = (value = "", placeholder = "") =>
  element("input", { type: "text", value, placeholder, spellcheck: false, autocomplete: "off" });

/** A trust policy with the request that it is asked about, and the answer as a tree. */
export class TrustView {
  readonly panel = element("div", { className: "form" });
  readonly #policy = area(10);
  readonly #fields: Record<keyof TrustRequest, HTMLInputElement>;
  readonly #answer = element("div", { attributes: { "aria-live": "polite" } });
  readonly #latest: Latest<[string, TrustRequest], Trust>;

  constructor(engine: Engine) {
    this.#latest = new Latest(
      async ([policy, request]) => (await engine.ask("trust", policy, request)).answer,
      (_, trust) => this.#show(trust),
      () => this.#answer.replaceChildren(text.status.failed),
    );
    this.#policy.value = EXAMPLE_POLICY;
    const fields = Object.entries(EXAMPLE_REQUEST).map(([name, value]) => [name, line(value, text.trust.unknown)]);
    this.#fields = Object.fromEntries(fields) as Record<keyof TrustRequest, HTMLInputElement>;
    this.panel.append(
      element("p", { className: "lead", textContent: text.trust.lead }),
      field(text.trust.policy, this.#policy),
      element(
        "fieldset",
        {},
        element("legend", { textContent: text.trust.request }),
        element(
          "div",
          { className: "pairs" },
          ...Object.entries(this.#fields).map(([name, input]) => field(text.trust[name as keyof TrustRequest], input)),
        ),
      ),
      this.#answer,
    );
    this.panel.addEventListener("input", () => this.ask());
  }

  /** Asks about the claims of a token. */
  fill({ issuer, audiences, subject }: Exclude<Token, { error: string }>): void {
    this.#fields.issuer.value = issuer;
    this.#fields.audience.value = audiences[0] ?? "";
    this.#fields.subject.value = subject;
    this.ask();
  }

  ask(): void {
    const entries = Object.entries(this.#fields).map(([name, input]) => [name, input.value.trim()]);
    void this.#latest.update([this.#policy.value, Object.fromEntries(entries) as TrustRequest]);
  }

  #show({ findings, verdicts }: Trust): void {
    this.#answer.replaceChildren(
      ...verdicts.map(({ role, verdict, tree }) =>
        element(
          "section",
          { className: `verdict ${verdict}` },
          element("h3", {}, text.trust.verdicts[verdict], ...(role ? [" ", element("code", { textContent: role })] : [])),
          element("pre", { textContent: tree.trimEnd() }),
        ),
      ),
      findings.length
        ? element(
            "ol",
            { className: "problems" },
            ...findings.map((finding) =>
              element(
                "li",
                { className: finding.severity, dataset: { rule: finding.rule } },
                element(
                  "button",
                  { type: "button", className: "place", onclick: () => this.#select(finding.from, finding.to) },
                  element("span", {
                    className: "position",
                    textContent: text.findings.place(finding.start.line, finding.start.column),
                  }),
                  element("span", { className: "message" }, prose(finding.message)),
                ),
                finding.help ? element("p", { className: "help" }, prose(finding.help)) : undefined,
              ),
            ),
          )
        : element("p", { className: "nothing", textContent: text.trust.clean }),
    );
  }

  #select(from: number, to: number): void {
    this.#policy.focus();
    this.#policy.setSelectionRange(from, to);
  }
}

/** A token and what it claims. It stays in this element: no draft, no link. */
export class TokenView {
  readonly panel = element("div", { className: "form" });
  readonly #token = area(5);
  readonly #answer = element("div", { attributes: { "aria-live": "polite" } });
  readonly #latest: Latest<string, Token>;

  constructor(
    engine: Engine,
    private readonly ask: (token: Exclude<Token, { error: string }>) => void,
  ) {
    this.#latest = new Latest(
      async (token) => (await engine.ask("token", token, Math.floor(Date.now() / 1000))).answer,
      (_, answer) => this.#show(answer),
      () => this.#answer.replaceChildren(text.status.failed),
    );
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

  #show(token: Token): void {
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
      element("button", { type: "button", className: "action", textContent: text.token.ask, onclick: () => this.ask(token) }),
    );
  }
}

type Format = keyof typeof text.setup.formats;

/** The form of `keyless setup`. */
export class SetupView {
  readonly panel = element("form", { className: "form" });
  readonly #answer = element("div", { attributes: { "aria-live": "polite" } });

  constructor(engine: Engine, tell: (words: string) => void) {
    const words = text.setup;
    const select = (options: Record<string, string>) =>
      element("select", {}, ...Object.entries(options).map(([value, label]) => element("option", { value, textContent: label })));
    const [workspace, workspaceUuid] = [line("", "acme"), line("", "{6f3c2f9e-…}")];
    const [repository, repositoryUuid] = [line("", "web"), line("", "{b1d2c3e4-…}")];
    const environments = area(3);
    const [profile, format] = [select(words.profiles), select(words.formats)];
    const providerExists = element("input", { type: "checkbox" });
    this.panel.append(
      element("p", { className: "lead", textContent: words.lead }),
      element(
        "div",
        { className: "pairs" },
        field(words.workspace, workspace),
        field(words.workspaceUuid, workspaceUuid),
        field(words.repository, repository),
        field(words.repositoryUuid, repositoryUuid),
      ),
      field(words.environments, environments, words.environmentsHelp),
      element("div", { className: "pairs" }, field(words.profile, profile), field(words.format, format)),
      element("label", { className: "check" }, providerExists, words.providerExists),
      element("button", { type: "submit", className: "action", textContent: words.write }),
      this.#answer,
    );
    this.panel.addEventListener("submit", (event) => {
      event.preventDefault();
      const form: SetupForm = {
        workspace: workspace.value.trim(),
        workspaceUuid: workspaceUuid.value.trim(),
        repository: repository.value.trim(),
        repositoryUuid: repositoryUuid.value.trim(),
        environments: environments.value
          .split("\n")
          .map((row) => row.trim().split(/\s+/))
          .filter(([name]) => name)
          .map(([name = "", uuid = ""]) => [name, uuid]),
        profile: profile.value,
        format: format.value,
        providerExists: providerExists.checked,
      };
      engine.ask("setup", form).then(
        ({ answer }) => this.#show(answer, form.format as Format, tell),
        () => this.#answer.replaceChildren(text.status.failed),
      );
    });
  }

  #show(answer: { text: string; guide: string } | { error: string }, format: Format, tell: (words: string) => void): void {
    if ("error" in answer) {
      this.#answer.replaceChildren(element("p", { className: "problem error" }, prose(answer.error)));
      return;
    }
    const words = text.setup;
    const copy = () => void navigator.clipboard.writeText(answer.text).then(() => tell(words.copied), () => {});
    const save = () => files.download(words.files[format], answer.text, false);
    this.#answer.replaceChildren(
      element(
        "div",
        { className: "written" },
        element("button", { type: "button", className: "action", textContent: words.copy, onclick: copy }),
        element("button", { type: "button", className: "action", textContent: words.download, onclick: save }),
      ),
      element("pre", { tabIndex: 0, textContent: answer.text }),
      element("pre", { className: "guide", textContent: answer.guide }),
    );
  }
}
