// What the page may ask the worker. Each question is one export of crates/wasm.

import type { Located, LocatedFinding, LocatedReport } from "./report";

/** Documentation of the key or variable at a place. */
export interface Hover extends Located {
  /** The key or the variable. */
  name: string;
  /** What has the key, as the language table calls it: `a step`. */
  of?: string;
  lines: string[];
}

/** What may replace the word at the cursor. */
export interface Completion extends Located {
  options: { label: string; insert?: string; kind: "key" | "value" | "name" | "alias"; doc: string }[];
}

/** What runs when. */
export interface Outline {
  pipelines: OutlinePipeline[];
}

export interface OutlinePipeline extends Located {
  /** The key under which it stands: `branches`, `custom`. */
  start: string;
  name?: string;
  groups: OutlineGroup[];
}

export interface OutlineGroup {
  kind: "step" | "parallel" | "stage" | "final";
  name?: string;
  environment?: string;
  manual: boolean;
  steps: OutlineStep[];
}

export interface OutlineStep extends Located {
  name: string;
  /** Behind all that is written of it. */
  end: number;
  environment?: string;
  manual: boolean;
  token: boolean;
  roles: string[];
  tools: string[];
  callsAws: boolean;
}

/** What Bitbucket's settings must define. */
export interface Requirements {
  steps: {
    step: string;
    line: number;
    environment?: string;
    oidc: boolean;
    variables: { name: string; used_by: string; status: Status }[];
  }[];
  variables: { name: string; level: "environment" | "repository"; environments: string[]; status: Status }[];
  markdown: string;
}

export type Status = "declared" | "unknown" | "missing";

/** A call of AssumeRoleWithWebIdentity, by its claims or by the step that makes it; what is empty is not known. */
export type TrustRequest = { sourceIp: string } & (ClaimsAsked | { step: StepAsked });

export interface ClaimsAsked {
  issuer: string;
  audience: string;
  subject: string;
}

/** A step of a pipeline file, and what Bitbucket calls its repository. */
export interface StepAsked {
  pipeline: string;
  /** Where the outline has the step; the module counts bytes. */
  offset: number;
  environment?: string;
  workspace: string;
  workspaceUuid: string;
  repositoryUuid: string;
  environmentUuid: string;
}

export interface Trust {
  findings: LocatedFinding[];
  /** By role. */
  verdicts: Verdict[];
}

export interface Verdict {
  role: string;
  verdict: "allow" | "deny" | "depends";
  statements: Statement[];
  /** Statements that only a deployment knows. */
  open: string[];
}

export type Holds = "yes" | "no" | "depends";

export interface Statement {
  number: number;
  sid: string | null;
  effect: "allow" | "deny" | null;
  applies: Holds;
  parts: StatementPart[];
  /** Elements that only a deployment knows. */
  open: string[];
}

/** Principal, action, or a condition: what it wants and what the request has. */
export interface StatementPart {
  /** The element or the operator. */
  name: string;
  key?: string;
  holds: Holds;
  expected: string[];
  /** Nothing where the request has no such key, or where that is not known. */
  actual: string | null;
  known: boolean;
  because?: string | null;
}

export type Token =
  | { error: string }
  | {
      issuer: string;
      audiences: string[];
      subject: string;
      repository: string | null;
      environment: string | null;
      step: string | null;
      branch: string | null;
      validFor: string | null;
      expiredSince: string | null;
      mismatches: { fatal: boolean; message: string }[];
    };

/** What the set-up form asks for. */
export interface SetupForm {
  workspace: string;
  workspaceUuid: string;
  repository: string;
  repositoryUuid: string;
  /** Name and UUID of each. */
  environments: [name: string, uuid: string][];
  profile: string;
  format: string;
  providerExists: boolean;
  withReadOnly: boolean;
  prefix: string;
  qualifier: string;
  sessionHours: number;
  addresses: "anywhere" | "bitbucket" | { listed: string };
  bindSession: boolean;
  trustPolicyQuota: number;
}

/** The file, what its roles grant, the variables to set in Bitbucket, and the steps to write. */
export interface Written {
  text: string;
  roles: string;
  settings: string[];
  steps: string;
}

/** Offsets count UTF-16 units, in questions and in answers. */
export interface Questions {
  hover: { ask: [text: string, offset: number]; answer: Hover | null };
  completion: { ask: [text: string, offset: number]; answer: Completion | null };
  definition: { ask: [text: string, offset: number]; answer: Located[] };
  requirements: { ask: [text: string, knownVariables: string[]]; answer: Requirements };
  outline: { ask: [text: string]; answer: Outline };
  trust: { ask: [policy: string, request: TrustRequest]; answer: Trust };
  token: { ask: [token: string, now: number]; answer: Token };
  setup: { ask: [form: SetupForm]; answer: Written | { error: string } };
  lint: { ask: [text: string, fileName: string, knownVariables: string[]]; answer: LocatedReport };
}

export type Question = keyof Questions;

export interface Request<Q extends Question = Question> {
  id: number;
  question: Q;
  ask: Questions[Q]["ask"];
}

/** `milliseconds` is the time inside the module, without the way to the worker and back. */
export type Reply =
  | { id: number; answer: Questions[Question]["answer"]; milliseconds: number }
  | { id: number; panic: string };
