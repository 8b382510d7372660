// Runs the module off the page's thread. A panic ends the worker: the page starts another.

import startViews, * as views from "../../.build/views/keyless_wasm.js";
import startKeyless, * as keyless from "../../.build/keyless/keyless_wasm.js";
import type { Outline, OutlineStep, Question, Questions, Reply, Request } from "../protocol";
import type { Finding, Located, LocatedFinding, Report } from "../report";
import { utf16Offsets, utf8Offset } from "./offsets";

declare const self: DedicatedWorkerGlobalScope;

const load = (start: typeof startKeyless | typeof startViews, file: string) =>
  start({ module_or_path: fetch(new URL(file, self.location.href)) });

const lintReady = load(startKeyless, "keyless.wasm");
let viewsReady: ReturnType<typeof load> | undefined;

/** The module that answers a question; the one for all but findings is fetched when it is first asked. */
function ready(question: Question): Promise<unknown> {
  return question === "lint" ? lintReady : (viewsReady ??= load(startViews, "views.wasm"));
}

/** A range as the core gives it. */
interface Bytes {
  offset: number;
  length: number;
}

/** Adds to ranges of `text` where they lie in UTF-16 units. */
function locator(text: string): <R extends Bytes>(range: R) => R & Located {
  const offset = utf16Offsets(text);
  return (range) => ({ ...range, from: offset(range.offset), to: offset(range.offset + range.length) });
}

function locateFindings(text: string, findings: Finding[]): LocatedFinding[] {
  const locate = locator(text);
  return findings.map(({ related, fix, ...finding }) => ({
    ...locate(finding),
    related: (related ?? []).map(locate),
    ...(fix && { fix: { ...fix, edits: fix.edits.map(locate) } }),
  }));
}

/** Asks one of the questions about a place. */
function about<A>(ask: (text: string, offset: number) => string, text: string, offset: number): A {
  return JSON.parse(ask(text, utf8Offset(text, offset))) as A;
}

const answers: { [Q in keyof Questions]: (...ask: Questions[Q]["ask"]) => Questions[Q]["answer"] } = {
  lint(text, fileName, knownVariables) {
    const report = JSON.parse(keyless.lint(text, fileName, knownVariables)) as Report;
    return { ...report, findings: locateFindings(text, report.findings) };
  },
  requirements: (text, known) => JSON.parse(views.requirements(text, known)) as Questions["requirements"]["answer"],
  outline(text) {
    const outline = JSON.parse(views.outline(text)) as Outline;
    // A part that is used twice is met twice, so that places are not in the order of the text.
    const locate = locator(text) as <T>(range: T) => T & Located;
    const step = (step: OutlineStep) => ({ ...locate(step), end: locate({ ...step, offset: step.end, length: 0 }).from });
    const pipelines = outline.pipelines.map((pipeline) => ({
      ...locate(pipeline),
      groups: pipeline.groups.map((group) => ({ ...group, steps: group.steps.map(step) })),
    }));
    return { pipelines };
  },
  trust(policy, asked) {
    const request =
      "step" in asked ? { ...asked, step: { ...asked.step, offset: utf8Offset(asked.step.pipeline, asked.step.offset) } } : asked;
    const { report, verdicts } = JSON.parse(views.trust(policy, JSON.stringify(request))) as {
      report: Report;
      verdicts: Questions["trust"]["answer"]["verdicts"];
    };
    return { findings: locateFindings(policy, report.findings), verdicts };
  },
  token: (token, now) => JSON.parse(views.token(token, now)) as Questions["token"]["answer"],
  setup: (form) => JSON.parse(views.setup(JSON.stringify(form))) as Questions["setup"]["answer"],
  hover(text, offset) {
    const hover = about<(Questions["hover"]["answer"] & Bytes) | null>(views.hover, text, offset);
    return hover && locator(text)(hover);
  },
  completion(text, offset) {
    const completion = about<(Questions["completion"]["answer"] & Bytes) | null>(views.completion, text, offset);
    return completion && locator(text)(completion);
  },
  definition: (text, offset) => about<Bytes[]>(views.definition, text, offset).map(locator(text)),
};

self.onmessage = async ({ data }: MessageEvent<Request>) => {
  const { id, question, ask } = data;
  let reply: Reply;
  try {
    await ready(question);
    const start = performance.now();
    const answer = (answers[question] as (...ask: unknown[]) => Questions[typeof question]["answer"])(...ask);
    reply = { id, answer, milliseconds: performance.now() - start };
  } catch (error) {
    reply = { id, panic: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(reply);
};
