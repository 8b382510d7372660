// What the page may ask the worker. Each question is one export of crates/wasm.

import type { Located, LocatedFinding, LocatedReport } from "./report";

/** Documentation of the key or variable at a place. */
export interface Hover extends Located {
  title: string;
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

/** A call of AssumeRoleWithWebIdentity; what is empty is not known. */
export interface TrustRequest {
  issuer: string;
  audience: string;
  subject: string;
  sourceIp: string;
}

export interface Trust {
  findings: LocatedFinding[];
  /** By role; `tree` is the reasoning as text, in levels of two spaces. */
  verdicts: { role: string; verdict: "allow" | "deny" | "depends"; tree: string }[];
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
  setup: { ask: [form: SetupForm]; answer: { text: string; guide: string } | { error: string } };
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
