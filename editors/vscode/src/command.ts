// Which `keyless` to start.

import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface Surroundings {
  /** The setting `keyless.path`. */
  configured: string;
  /** The folder of the extension, which may contain a binary. */
  extension: string;
  /** The variable `PATH`. */
  path: string;
  platform: NodeJS.Platform;
}

/** The command to start, or why there is none. */
export type Found = { command: string } | { problem: string };

/** The command that is configured; otherwise the one in the extension; otherwise the first on the `PATH`. */
export function find({ configured, extension, path, platform }: Surroundings): Found {
  const name = platform === "win32" ? "keyless.exe" : "keyless";
  if (configured !== "") {
    return runs(configured) ? { command: configured } : { problem: `keyless.path is ${configured}, which cannot be run` };
  }
  const folders = [join(extension, "dist", "bin"), ...path.split(delimiter).filter((folder) => folder !== "")];
  const command = folders.map((folder) => join(folder, name)).find(runs);
  return command === undefined ? { problem: "there is no `keyless` next to the extension or on the PATH" } : { command };
}

function runs(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
