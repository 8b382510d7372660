// The steps of a file as a flat list.

import type { LocatedOutline, LocatedStep } from "./questions";
import * as text from "./text";

export interface Step {
  /** The title of its pipeline: what starts it, and its name or pattern. */
  pipeline: string;
  step: LocatedStep;
  /** Set on the step or on its stage. */
  environment: string | undefined;
}

export function steps({ pipelines }: LocatedOutline): Step[] {
  return pipelines.flatMap(({ start, name, groups }) =>
    groups.flatMap((group) =>
      group.steps.map((step) => ({
        pipeline: [text.pipeline.start(start), name].filter(Boolean).join(" "),
        step,
        environment: step.environment ?? group.environment,
      })),
    ),
  );
}

/** The deployment environments, each once, in the order of the file. */
export const environments = (outline: LocatedOutline): string[] => [
  ...new Set(steps(outline).flatMap(({ environment }) => environment ?? [])),
];
