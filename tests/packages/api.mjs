// The API for Node: run as it is, and checked by the TypeScript compiler, which has to see its types.

import { completion, definition, hover, lint, outline, readToken, requirements, setup, simulateTrust } from "keyless";

/** @type {(holds: boolean, what: string) => void} */
const check = (holds, what) => {
  if (!holds) throw new Error(what);
};
/** @type {(action: () => unknown) => boolean} */
const throws = (action) => {
  try {
    action();
    return false;
  } catch {
    return true;
  }
};
/** @type {(actual: unknown, expected: unknown) => boolean} */
const equal = (actual, expected) => JSON.stringify(actual) === JSON.stringify(expected);

const TEXT = "pipelines:\n  default:\n    - step: &make\n        odic: true\n        script: [make $SECRET]\n    - step: *make\n";

/** @type {import("keyless").Severity} */
const severity = "error";
const { file, findings } = lint(TEXT);
check(file === "bitbucket-pipelines.yml", file);
const found = findings.map((finding) => [finding.rule, finding.severity, finding.start.line]);
check(equal(found, [["misspelled-oidc", severity, 4]]), JSON.stringify(found));
check(lint("pipelines: {", { fileName: "other.yml" }).file === "other.yml", "the name of the file");

const needed = requirements(TEXT);
check(!equal(needed, requirements(TEXT, { variables: ["SECRET"] })), "known variables");
check(needed.steps.length > 0, "the steps");
check(JSON.stringify(outline(TEXT)).includes("default"), "the outline");
check(hover(TEXT, TEXT.indexOf("script"))?.name === "script", "the documentation of a key");
check(completion(TEXT, TEXT.indexOf("odic"))?.options.some(({ label }) => label === "oidc") === true, "a completion");
check(definition(TEXT, TEXT.indexOf("*make") + 1).length > 0, "an anchor");
check("error" in readToken("no token") && "error" in readToken("no token", 0), "a token that is none");

const answer = setup({
  workspace: "acme",
  workspaceUuid: "6f3c2f9e-8c1b-4d0a-9d8e-2b7a51c0e4f1",
  repository: "web",
  repositoryUuid: "{b1d2c3e4-5f60-4718-8293-a4b5c6d7e8f9}",
  environments: [["production", "{0a1b2c3d-4e5f-4061-8273-8495a6b7c8d9}"]],
  profile: "minimal",
  format: "terraform",
  providerExists: false,
  withReadOnly: false,
  prefix: "keyless",
  qualifier: "hnb659fds",
  sessionHours: 1,
  addresses: "anywhere",
  bindSession: false,
  trustPolicyQuota: 2048,
});
check(!("error" in answer), JSON.stringify(answer));
const caller = { claims: { issuer: "", audience: "", subject: "" } };
check(JSON.stringify(simulateTrust("{}", { sourceIp: "", caller })).length > 2, "a trust policy");
check(throws(() => simulateTrust("{}", /** @type {any} */ ({}))), "a request that is none");
