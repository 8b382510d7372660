// Runs the modules off the main thread. After a panic, the page replaces the worker.

import startViews, * as views from "../../.build/views/keyless_wasm.js";
import startKeyless, * as keyless from "../../.build/keyless/keyless_wasm.js";
import type { Answers, Requests } from "../protocol";
import type { Located, Question, Questions, Reply, Request, TextRange } from "../questions";
import { utf16Offsets, utf8Offset } from "./offsets";

declare const self: DedicatedWorkerGlobalScope;

const load = (start: typeof startKeyless | typeof startViews, file: string) =>
  start({ module_or_path: fetch(new URL(file, self.location.href)) });

const lintReady = load(startKeyless, "keyless.wasm");
let viewsReady: ReturnType<typeof load> | undefined;

/** Loads the module that answers a question. The second module is fetched when it is first needed. */
function ready(question: Question): Promise<unknown> {
  return question === "lint" ? lintReady : (viewsReady ??= load(startViews, "views.wasm"));
}

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
  lint: (text, fileName, known) => parse("lint", text, keyless.lint(text, fileName, known)),
  hover: (text, offset) => parse("hover", text, views.hover(text, utf8Offset(text, offset))),
  completion: (text, offset) => parse("completion", text, views.completion(text, utf8Offset(text, offset))),
  definition: (text, offset) => parse("definition", text, views.definition(text, utf8Offset(text, offset))),
  outline: (text) => parse("outline", text, views.outline(text)),
  requirements: (text, known) => parse("requirements", text, views.requirements(text, known)),
  trust: (policy, request) => parse("trust", policy, views.trust(policy, JSON.stringify(inBytes(request)))),
  token: (token, now) => parse("token", "", views.token(token, now)),
  setup: (form) => parse("setup", "", views.setup(JSON.stringify(form))),
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
    const start = performance.now();
    const answer = (answers[question] as (...args: unknown[]) => Questions[typeof question]["answer"])(...args);
    reply = { id, answer, milliseconds: performance.now() - start };
  } catch (error) {
    reply = { id, panic: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
};
