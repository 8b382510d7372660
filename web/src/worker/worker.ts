// Runs the modules off the main thread. After a panic, the page replaces the worker.

import startComplete, * as complete from "../../.build/complete/keyless_wasm.js";
import startFirst, * as first from "../../.build/keyless/keyless_wasm.js";
import type { Answers, Requests } from "../protocol";
import type { Located, Notice, Question, Questions, Reply, Request, TextRange } from "../questions";
import { utf16Offsets, utf8Offset } from "./offsets";

declare const self: DedicatedWorkerGlobalScope;

const load = async (start: typeof startFirst | typeof startComplete, file: string): Promise<void> => {
  await start({ module_or_path: fetch(new URL(file, self.location.href)) });
};

const firstReady = load(startFirst, "keyless.wasm");

/** Whether the complete module is loaded. */
let isComplete = false;
let loading: Promise<void> | undefined;

/** Loads the complete module, once. After a failure, the next call tries again. */
function completeReady(): Promise<void> {
  loading ??= load(startComplete, "complete.wasm").then(
    () => {
      isComplete = true;
    },
    (reason: unknown) => {
      loading = undefined;
      throw reason;
    },
  );
  return loading;
}

/**
 * Waits for a module that can answer. The first module finds what is wrong with the file and its credentials; the complete
 * module has all rules and answers everything else.
 */
const ready = (question: Question): Promise<void> => (question === "lint" && !isComplete ? firstReady : completeReady());

/** Adds the {@link TextRange} to every range of `text` in an answer. */
function locate<T>(text: string, answer: T): Located<T> {
  const offset = utf16Offsets(text);
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (typeof value !== "object" || value === null) return;
    const range = value as Partial<{ offset: number; length: number } & TextRange>;
    if (range.offset !== undefined && range.length !== undefined) {
      range.from = offset(range.offset);
      range.to = offset(range.offset + range.length);
    }
    Object.values(value).forEach(visit);
  };
  visit(answer);
  return answer as Located<T>;
}

/** The answer to a question whose ranges, if any, are ranges of `text`. */
const parse = <Q extends Question>(_: Q, text: string, json: string) => locate(text, JSON.parse(json) as Answers[Q]);

const answers: { [Q in Question]: (...args: Questions[Q]["args"]) => Questions[Q]["answer"] } = {
  lint: (text, fileName, known) => parse("lint", text, (isComplete ? complete : first).lint(text, fileName, known)),
  hover: (text, offset) => parse("hover", text, complete.hover(text, utf8Offset(text, offset))),
  completion: (text, offset) => parse("completion", text, complete.completion(text, utf8Offset(text, offset))),
  definition: (text, offset) => parse("definition", text, complete.definition(text, utf8Offset(text, offset))),
  outline: (text) => parse("outline", text, complete.outline(text)),
  requirements: (text, known) => parse("requirements", text, complete.requirements(text, known)),
  migrate: (text, known) => parse("migrate", text, complete.migrate(text, known)),
  trust: (policy, request) => parse("trust", policy, complete.trust(policy, JSON.stringify(inBytes(request)))),
  token: (token, now) => parse("token", "", complete.token(token, now)),
  setup: (form) => parse("setup", "", complete.setup(JSON.stringify(form))),
};

/** A request with the offset of its step in bytes. */
function inBytes(request: Requests["trust"]): Requests["trust"] {
  if (!("step" in request.caller)) return request;
  const { step } = request.caller;
  return { ...request, caller: { step: { ...step, offset: utf8Offset(step.pipeline, step.offset) } } };
}

self.onmessage = async ({ data }: MessageEvent<Request>) => {
  const { id, question, args } = data;
  let reply: Reply;
  try {
    await ready(question);
    const withAllRules = isComplete;
    const start = performance.now();
    const answer = (answers[question] as (...args: unknown[]) => Questions[typeof question]["answer"])(...args);
    reply = { id, answer, milliseconds: performance.now() - start, isComplete: withAllRules };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    reply = question !== "lint" && !isComplete ? { id, unavailable: reason } : { id, panic: reason };
  }
  self.postMessage(reply);
  if (!isComplete) {
    const tell = (loaded: boolean) => self.postMessage({ loaded } satisfies Notice);
    completeReady().then(() => tell(true), () => tell(false));
  }
};
