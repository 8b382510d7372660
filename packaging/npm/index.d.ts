// Everything runs in this process: no file is read and nothing is sent. Offsets and lengths count bytes of the text as UTF-8.

import type { Answers, Requests } from "./protocol.js";

export type * from "./protocol.js";

/** Lints a pipeline file. `variables` are the names that Bitbucket's settings define. */
export function lint(text: string, options?: { fileName?: string; variables?: string[] }): Answers["lint"];

/** What the steps need from Bitbucket's settings. */
export function requirements(text: string, options?: { variables?: string[] }): Answers["requirements"];

/** What runs when: pipelines, their groups and steps, with environments, tokens and roles. */
export function outline(text: string): Answers["outline"];

/** The documentation of the key or variable at an offset. */
export function hover(text: string, offset: number): Answers["hover"];

/** What may be typed at an offset. */
export function completion(text: string, offset: number): Answers["completion"];

/** The anchor of the alias at an offset, or the uses of the anchor there. */
export function definition(text: string, offset: number): Answers["definition"];

/** Checks the trust policies in a document, and evaluates them for a token. */
export function simulateTrust(policy: string, request: Requests["trust"]): Answers["trust"];

/** The claims of a step's token. `now` is in seconds since 1970; the default is the current time. */
export function readToken(token: string, now?: number): Answers["token"];

/** Writes the identity provider and the roles of a repository. */
export function setup(form: Requests["setup"]): Answers["setup"];
