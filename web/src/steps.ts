// The steps of a file, one after the other, out of its picture.

import type { LocatedOutline, LocatedStep } from "./questions";
import * as text from "./text";

export interface Step {
  /** What starts the pipeline it runs in, in words. */
  pipeline: string;
  step: LocatedStep;
  /** Its own, or its stage's. */
  environment: string | undefined;
}

export function steps({ pipelines }: LocatedOutline): Step[] {
  return pipelines.flatMap(({ start, name, groups }) =>
    groups.flatMap((group) =>
      group.steps.map((step) => ({
        pipeline: [text.picture.start(start), name].filter(Boolean).join(" "),
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
