// Checks a trust policy and simulates whether a step can assume the role.

import { area, disclosure, element, field, line, prose } from "./dom";
import type { Engine } from "./engine";
import { Latest } from "./engine";
import type { Identity } from "./identity";
import type { CallerClaims, CallerStep, TokenClaims, TrustRequest } from "./protocol";
import type { LocatedOutline, Trust } from "./questions";
import { steps } from "./steps";
import type { Step } from "./steps";
import * as text from "./text";
import { policyProblems, verdict } from "./verdict";

/** The form that IAM's documentation recommends, as an example. */
const EXAMPLE_POLICY = `{
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "Allow",
    "Principal": {
      "Federated": "arn:aws:iam::123456789012:oidc-provider/api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
    },
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Condition": {
      "StringEquals": {
        "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:aud": "ari:cloud:bitbucket::workspace/6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1"
      },
      "StringLike": {
        "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc:sub": "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}:{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}:*"
      }
    }
  }]
}
`;

/** The option for claims instead of a step. */
const CLAIMS = "claims";

export class TrustView {
  readonly panel = element("div", { className: "form" });
  readonly #policy = area(7);
  readonly #caller = element("select", { id: "trust-step" });
  readonly #fields = element("div", { className: "pairs caller" });
  readonly #sourceIp = line(text.trust.unknown);
  readonly #claims: Record<keyof CallerClaims, HTMLInputElement> = {
    issuer: line(text.trust.unknown),
    audience: line(text.trust.unknown),
    subject: line(text.trust.unknown),
  };
  readonly #answer = element("div", { className: "answer", attributes: { "aria-live": "polite" } });
  readonly #latest: Latest<[string, TrustRequest], Trust>;
  #pipeline = "";
  #steps: Step[] = [];
  /** Whether the visitor chose claims instead of a step. */
  #byClaims = false;

  constructor(
    engine: Engine,
    private readonly identity: Identity,
  ) {
    const strings = text.trust;
    this.#latest = new Latest(
      async ([policy, request]) => (await engine.ask("trust", policy, request)).answer,
      (_, trust) => this.#show(trust),
      () => this.#answer.replaceChildren(text.status.failed),
    );
    this.#policy.value = EXAMPLE_POLICY;
    this.#caller.addEventListener("change", () => {
      this.#byClaims = this.#caller.value === CLAIMS;
      this.#drawFields();
    });
    this.panel.append(
      element("p", { className: "lead", textContent: strings.lead }),
      field(strings.policy, this.#policy),
      element(
        "fieldset",
        {},
        element("legend", { textContent: strings.request }),
        field(strings.step, this.#caller),
        this.#fields,
      ),
      this.#answer,
    );
    this.panel.addEventListener("input", () => this.simulate());
    this.outline("", { pipelines: [] });
  }

  /** Lists the steps of the file, and keeps the chosen one if it is still there. */
  outline(pipeline: string, outline: LocatedOutline): void {
    this.#pipeline = pipeline;
    const kept = this.#step();
    this.#steps = steps(outline);
    const groups = new Map<string, HTMLOptGroupElement>();
    this.#steps.forEach(({ pipeline, step, environment }, index) => {
      const group = groups.get(pipeline) ?? element("optgroup", { label: pipeline });
      groups.set(pipeline, group);
      group.append(element("option", { value: String(index), textContent: [step.name, environment].filter(Boolean).join(" · ") }));
    });
    this.#caller.replaceChildren(...groups.values(), element("option", { value: CLAIMS, textContent: text.trust.claims }));
    const same = (one: Step) => one.pipeline === kept?.pipeline && one.step.name === kept.step.name;
    const deploys = ({ step, environment }: Step) => step.token && environment !== undefined;
    const index = kept ? this.#steps.findIndex(same) : -1;
    const best = Math.max(0, this.#steps.findIndex(deploys));
    this.#caller.value = this.#byClaims || !this.#steps.length ? CLAIMS : String(index < 0 ? best : index);
    this.#drawFields();
    this.simulate();
  }

  /** Simulates the claims of a token. */
  setClaims({ issuer, audiences, subject }: TokenClaims): void {
    this.#caller.value = CLAIMS;
    this.#byClaims = true;
    this.#drawFields();
    this.#claims.issuer.value = issuer;
    this.#claims.audience.value = audiences[0] ?? "";
    this.#claims.subject.value = subject;
    this.simulate();
  }

  /** Simulates another policy. */
  setPolicy(policy: string): void {
    this.#policy.value = policy;
    this.simulate();
  }

  simulate(): void {
    if (this.panel.hidden) return;
    void this.#latest.update([this.#policy.value, this.#request()]);
  }

  #step(): Step | undefined {
    return this.#steps[Number(this.#caller.value)];
  }

  #request(): TrustRequest {
    const sourceIp = this.#sourceIp.value.trim();
    const step = this.#step();
    if (!step) {
      const { issuer, audience, subject } = this.#claims;
      return { sourceIp, caller: { claims: { issuer: issuer.value, audience: audience.value, subject: subject.value } } };
    }
    const { environment } = step;
    const caller: CallerStep = {
      pipeline: this.#pipeline,
      offset: step.step.from,
      environment: environment ?? null,
      workspace: this.identity.value("workspace"),
      workspaceUuid: this.identity.value("workspaceUuid"),
      repositoryUuid: this.identity.value("repositoryUuid"),
      environmentUuid: environment === undefined ? "" : this.identity.value(`environment ${environment}`),
    };
    return { sourceIp, caller: { step: caller } };
  }

  /** Shows the fields of the chosen caller. */
  #drawFields(): void {
    const strings = text.trust;
    const step = this.#step();
    const { identity } = this;
    const fields = step
      ? [
          field(text.setup.workspace, identity.input("workspace", strings.unknown)),
          field(text.setup.workspaceUuid, identity.input("workspaceUuid", strings.unknown)),
          field(text.setup.repositoryUuid, identity.input("repositoryUuid", strings.unknown)),
          ...(step.environment === undefined
            ? []
            : [field(strings.environmentUuid(step.environment), identity.input(`environment ${step.environment}`, strings.unknown))]),
        ]
      : Object.entries(this.#claims).map(([name, input]) => field(strings[name as keyof CallerClaims], input));
    this.#fields.replaceChildren(...fields, field(strings.sourceIp, this.#sourceIp));
  }

  #show({ report: { findings }, verdicts }: Trust): void {
    const strings = text.trust;
    const step = this.#step();
    this.#answer.replaceChildren(
      ...(step && !step.step.token ? [element("p", { className: "problem warning" }, prose(strings.noToken(step.step.name)))] : []),
      ...verdicts.map(verdict),
      findings.length
        ? disclosure(strings.checked(findings.length), true, policyProblems(findings, (from, to) => this.#select(from, to)))
        : element("p", { className: "nothing", textContent: strings.clean }),
    );
  }

  #select(from: number, to: number): void {
    this.#policy.focus();
    this.#policy.setSelectionRange(from, to);
  }
}
