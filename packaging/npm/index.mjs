// keyless in Node: the module of the page, with typed functions around it.

import { readFileSync } from "node:fs";

import * as wasm from "./wasm/keyless_wasm.js";

wasm.initSync({ module: readFileSync(new URL("./wasm/keyless_wasm_bg.wasm", import.meta.url)) });

const FILE = "bitbucket-pipelines.yml";

export const lint = (text, { fileName = FILE, variables = [] } = {}) => JSON.parse(wasm.lint(text, fileName, variables));
export const requirements = (text, { variables = [] } = {}) => JSON.parse(wasm.requirements(text, variables));
export const outline = (text) => JSON.parse(wasm.outline(text));
export const hover = (text, offset) => JSON.parse(wasm.hover(text, offset));
export const completion = (text, offset) => JSON.parse(wasm.completion(text, offset));
export const definition = (text, offset) => JSON.parse(wasm.definition(text, offset));
export const simulateTrust = (policy, request) => JSON.parse(wasm.trust(policy, JSON.stringify(request)));
export const readToken = (token, now = Math.floor(Date.now() / 1000)) => JSON.parse(wasm.token(token, now));
export const setup = (form) => JSON.parse(wasm.setup(JSON.stringify(form)));
