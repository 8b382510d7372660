// The severities in the order in which the page lists them.

import type { Severity } from "./protocol";

/** Most severe first. */
export const SEVERITIES: readonly Severity[] = ["error", "warning", "hint"];
