// Sends questions to the worker, receives its answers, and replaces a worker that failed.

import type { Notice, Question, Questions, Reply, Request } from "./questions";

/** A worker that takes longer than this is terminated. */
const TIMEOUT_MS = 20_000;

/** The worker panicked or did not answer in time and was replaced, or a module could not be loaded. */
export class EngineFailure extends Error {}

export interface Answered<Q extends Question> {
  answer: Questions[Q]["answer"];
  milliseconds: number;
  isComplete: boolean;
}

interface Waiting {
  resolve(answered: Answered<Question>): void;
  reject(failure: EngineFailure): void;
  timer: ReturnType<typeof setTimeout>;
}

export class Engine {
  #worker: Worker;
  #waiting = new Map<number, Waiting>();
  #lastId = 0;

  /** `loaded` receives whether the module with all rules could be loaded. */
  constructor(private readonly loaded: (success: boolean) => void) {
    this.#worker = this.#start();
  }

  ask<Q extends Question>(question: Q, ...args: Questions[Q]["args"]): Promise<Answered<Q>> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail("no answer"), TIMEOUT_MS);
      this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject, timer });
      const request: Request<Q> = { id, question, args };
      this.#worker.postMessage(request);
    });
  }

  #start(): Worker {
    const worker = new Worker(new URL("worker.js", document.baseURI), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<Reply | Notice>) => {
      if ("loaded" in data) return this.loaded(data.loaded);
      if ("panic" in data) return this.#fail(data.panic);
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      clearTimeout(waiting?.timer);
      if ("unavailable" in data) waiting?.reject(new EngineFailure(data.unavailable));
      else waiting?.resolve(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message);
    };
    return worker;
  }

  /** A panic may leave the module's memory inconsistent, so the worker is replaced and every open question fails. */
  #fail(reason: string): void {
    this.#worker.terminate();
    this.#worker = this.#start();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject, timer } of waiting) {
      clearTimeout(timer);
      reject(new EngineFailure(reason));
    }
  }
}

/**
 * Asks about the latest state of something that changes faster than answers arrive. At most one question is open, states in
 * between are skipped, and an answer about an outdated state is dropped.
 */
export class Latest<State, Answer> {
  #open = false;
  #next: { state: State } | undefined;

  constructor(
    private readonly ask: (state: State) => Promise<Answer>,
    private readonly show: (state: State, answer: Answer) => void,
    private readonly fail: (state: State, reason: unknown) => void,
  ) {}

  async update(state: State): Promise<void> {
    this.#next = { state };
    if (this.#open) return;
    this.#open = true;
    while (this.#next) {
      const { state } = this.#next;
      this.#next = undefined;
      try {
        const answer = await this.ask(state);
        if (!this.#next) this.show(state, answer);
      } catch (reason) {
        if (!this.#next) this.fail(state, reason);
      }
    }
    this.#open = false;
  }
}
