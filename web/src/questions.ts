// What the page asks its worker, and the messages between them.

import type { Answers, Finding, OutlineStep, Report, Requests, TrustAnswer } from "./protocol";

/** A range of a JavaScript string, in UTF-16 units. */
export interface TextRange {
  from: number;
  to: number;
}

/** An answer of a module in which every range of bytes also has its {@link TextRange}. */
export type Located<T> = T extends { offset: number; length: number }
  ? { [K in keyof T]: Located<T[K]> } & TextRange
  : T extends object
    ? { [K in keyof T]: Located<T[K]> }
    : T;

export type LocatedFinding = Located<Finding>;
export type LocatedMigration = Located<Answers["migrate"]>;
export type LocatedStep = Located<OutlineStep>;
export type LocatedOutline = Located<Answers["outline"]>;
export type Trust = { report: Located<Report>; verdicts: TrustAnswer["verdicts"] };

/** The arguments of each question. Offsets count UTF-16 units, in questions and in answers. */
interface Arguments {
  lint: [text: string, fileName: string, knownVariables: string[]];
  hover: [text: string, offset: number];
  completion: [text: string, offset: number];
  definition: [text: string, offset: number];
  outline: [text: string];
  requirements: [text: string, knownVariables: string[]];
  migrate: [text: string, knownVariables: string[]];
  trust: [policy: string, request: Requests["trust"]];
  /** `now` is in seconds since 1970. */
  token: [token: string, now: number];
  setup: [form: Requests["setup"]];
}

/** The exports of the modules, by name. */
export type Questions = { [Q in keyof Answers]: { args: Arguments[Q]; answer: Located<Answers[Q]> } };

export type Question = keyof Questions;

export interface Request<Q extends Question = Question> {
  id: number;
  question: Q;
  args: Questions[Q]["args"];
}

/**
 * `milliseconds` is the time inside the module, without the way to the worker and back. `isComplete` says whether the module
 * had all rules.
 */
export type Reply =
  | { id: number; answer: Questions[Question]["answer"]; milliseconds: number; isComplete: boolean }
  | { id: number; panic: string }
  /** The module that answers the question could not be loaded. */
  | { id: number; unavailable: string };

/** Whether the module with all rules could be loaded, so that the text can be checked again. */
export interface Notice {
  loaded: boolean;
}
