// The pipelines as diagrams: what runs when, in which environment, and which steps get a token.

import { blank, element } from "./dom";
import type { OutlineGroup } from "./protocol";
import type { Located, LocatedOutline, LocatedStep } from "./questions";
import * as text from "./text";

export class PipelineView {
  readonly panel = element("div", { className: "pipeline" });

  #steps: { step: LocatedStep; box: HTMLElement }[] = [];
  #position = 0;

  constructor(private readonly goTo: (from: number, to: number) => void) {}

  show({ pipelines }: LocatedOutline): void {
    this.#steps = [];
    this.panel.replaceChildren(
      ...(pipelines.length ? pipelines.map((pipeline) => this.#pipeline(pipeline)) : [blank(text.pipeline.empty)]),
    );
    this.mark(this.#position);
  }

  /** Highlights the step that contains the cursor. */
  mark(position: number): void {
    this.#position = position;
    for (const { step, box } of this.#steps) {
      box.ariaCurrent = step.extent.from <= position && position <= step.extent.to ? "true" : null;
    }
  }

  #pipeline(pipeline: LocatedOutline["pipelines"][number]): HTMLElement {
    const { start, name, groups, from, to } = pipeline;
    const heading = element(
      "button",
      { type: "button", onclick: () => this.goTo(from, to) },
      text.pipeline.start(start),
      ...(name === undefined ? [] : [" ", element("code", { textContent: name })]),
    );
    return element(
      "section",
      {},
      element("h3", {}, heading),
      element("ol", { className: "track" }, ...groups.map((group) => this.#group(group))),
    );
  }

  #group(group: Located<OutlineGroup>): HTMLLIElement {
    const title = [text.pipeline.kinds[group.kind], group.name].filter(Boolean).join(" ");
    const steps = group.steps.map((step) => this.#step(step, group));
    return element(
      "li",
      { className: `${group.kind}-group` },
      ...(title ? [element("p", { className: "kind" }, title, ...this.#marks(group))] : []),
      element("div", { className: "steps" }, ...steps),
    );
  }

  #step(step: LocatedStep, group: Located<OutlineGroup>): HTMLElement {
    const environment = step.environment ?? (group.kind === "stage" ? undefined : group.environment);
    const role = step.roles.length ? step.roles.join(", ") : step.callsAws && step.token ? text.pipeline.roleFromSettings : undefined;
    const box = element(
      "button",
      { type: "button", className: "step", onclick: () => this.goTo(step.from, step.to) },
      element("strong", { textContent: step.name }),
      element(
        "span",
        { className: "marks" },
        ...this.#marks({ manual: step.manual, ...(environment !== undefined && { environment }) }),
        ...(step.token
          ? [element("span", { className: "mark token", textContent: text.pipeline.token })]
          : step.callsAws
            ? [element("span", { className: "mark no-token", textContent: text.pipeline.noToken })]
            : []),
      ),
      ...(step.tools.length ? [element("span", { className: "tools", textContent: step.tools.join(", ") })] : []),
      ...(role ? [element("code", { textContent: role })] : []),
    );
    this.#steps.push({ step, box });
    return box;
  }

  #marks({ environment, manual }: { environment?: string; manual: boolean }): HTMLElement[] {
    return [
      ...(environment ? [element("span", { className: "mark environment", textContent: environment })] : []),
      ...(manual ? [element("span", { className: "mark manual", textContent: text.pipeline.manual })] : []),
    ];
  }
}
