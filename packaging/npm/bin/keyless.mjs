#!/usr/bin/env node
// Runs the binary of the package for this platform, which npm installs as an optional dependency.

import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";

const { name, optionalDependencies = {} } = createRequire(import.meta.url)("../package.json");
const platform = `${process.platform}-${process.arch}`;
const wanted = Object.keys(optionalDependencies).find((dependency) => dependency.endsWith(`-${platform}`));

function binary() {
  if (!wanted) throw new Error(`there is no binary for ${platform}; build keyless from its source`);
  try {
    return createRequire(import.meta.url).resolve(`${wanted}/bin/keyless${process.platform === "win32" ? ".exe" : ""}`);
  } catch {
    throw new Error(`the package ${wanted} is not installed; install ${name} without --omit=optional`);
  }
}

try {
  const { status, signal, error } = spawnSync(binary(), process.argv.slice(2), { stdio: "inherit" });
  if (error) throw error;
  // as a shell reports a signal
  process.exitCode = status ?? 128 + (constants.signals[signal] ?? 0);
} catch (error) {
  console.error(`keyless: ${error.message}`);
  process.exitCode = 2;
}
