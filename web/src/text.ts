// Every English word that the page itself says. What the linter says comes from crates/core.

import type { Refusal } from "./files";
import type { Severity } from "./report";

/** Filled into index.html by the build, wherever it says {{name}}. */
export const page = {
  title: "keyless: check bitbucket-pipelines.yml",
  description: "Checks Bitbucket pipelines as you type, in your browser. Nothing is uploaded.",
  name: "keyless",
  claim: "Bitbucket pipelines, checked as you type",
  actions: "File",
  examples: "Examples",
  open: "Open",
  share: "Share",
  download: "Download",
  rules: "Rules",
  side: "What keyless sees",
  checking: "checking",
  keys: "F8 next finding · Ctrl . fix · Ctrl Space keys · F12 anchor",
  promise: "Everything runs in this tab. Nothing you type or open leaves it.",
  noScript: "The checker is a program that runs in your browser, so it needs JavaScript. Nothing is uploaded.",
} as const;

export const FILE_NAME = "bitbucket-pipelines.yml";

export const editor = {
  label: "Pipeline. Escape, then Tab, leaves the editor.",
};

export const views = {
  findings: "Findings",
  needs: "Needs",
  picture: "Picture",
  trust: "Trust policy",
  token: "Token",
  setup: "Set up AWS",
};

const STARTS: Record<string, string> = {
  default: "Any other push",
  branches: "Push to",
  tags: "Tag",
  "pull-requests": "Pull request from",
  custom: "By hand or schedule:",
  "definitions.pipelines": "Shared:",
};

export const picture = {
  start: (start: string) => STARTS[start] ?? start,
  empty: "No pipeline could be read from this file yet.",
  kinds: { parallel: "at the same time", stage: "stage", final: "always, at the end", step: "" },
  token: "token",
  noToken: "no token",
  manual: "waits for a click",
  roleFromSettings: "role from Bitbucket's settings",
};

export const needs = {
  lead: "What the steps expect from Bitbucket's settings. Tick what you have defined: the findings follow.",
  empty: "No step needs a variable from Bitbucket's settings.",
  variable: "Variable",
  level: "Define it for",
  levels: {
    environment: (environments: readonly string[]) => environments.join(", "),
    repository: () => "the repository",
  },
  usedBy: "Needed by",
  statuses: { declared: "defined", unknown: "", missing: "missing" },
  copy: "Copy as Markdown",
  copied: "Copied.",
};

export const trust = {
  lead: "Paste a role's trust policy, or a template that holds some. It is checked, and asked whether it lets this step in.",
  policy: "Trust policy",
  request: "Who asks",
  issuer: "Issuer",
  audience: "Audience",
  subject: "Subject",
  sourceIp: "Source address",
  unknown: "not known",
  verdicts: { allow: "Allowed", deny: "Denied", depends: "It depends" },
  clean: "The check found nothing.",
  fromToken: "Filled in from the token that was read.",
};

export const token = {
  lead: "Paste a step's OIDC token to read it. It never leaves this tab and is not kept; still, take one that has expired: a fresh one is a key.",
  token: "Token",
  claims: {
    issuer: "Issuer",
    audiences: "Audience",
    subject: "Subject",
    repository: "Repository",
    environment: "Environment",
    step: "Step",
    branch: "Branch",
    validFor: "Valid for",
    expiredSince: "Expired since",
  },
  unseen: "AWS does not see it",
  ask: "Ask a trust policy about it",
};

export const setup = {
  lead: "Writes the identity provider and a role for each environment. The UUIDs stand in Bitbucket under Repository settings, OpenID Connect.",
  workspace: "Workspace",
  workspaceUuid: "Workspace UUID",
  repository: "Repository",
  repositoryUuid: "Repository UUID",
  environments: "Deployment environments",
  environmentsHelp: "one a line: name, then UUID; none for a role of the whole repository",
  profile: "The role may",
  profiles: {
    minimal: "assume the roles of cdk bootstrap, nothing else",
    full: "also read the account and use CodeArtifact",
    "read-only": "only read, for cdk diff",
  },
  format: "Write as",
  formats: {
    cloudformation: "CloudFormation",
    cdk: "CDK (TypeScript)",
    terraform: "Terraform",
    commands: "AWS CLI commands",
  },
  files: { cloudformation: "access.json", cdk: "access.ts", terraform: "access.tf", commands: "access.sh" },
  providerExists: "The account has the identity provider already",
  write: "Write it",
  copy: "Copy",
  copied: "Copied.",
  download: "Download",
};

const SEVERITY_WORDS: Record<Severity, [one: string, many: string]> = {
  error: ["error", "errors"],
  warning: ["warning", "warnings"],
  hint: ["hint", "hints"],
};

export const severityHeading = (severity: Severity): string => {
  const many = SEVERITY_WORDS[severity][1];
  return many[0]!.toUpperCase() + many.slice(1);
};

export const counted = (count: number, severity: Severity): string =>
  `${count} ${SEVERITY_WORDS[severity][count === 1 ? 0 : 1]}`;

export const findings = {
  filter: "Findings shown",
  fixAll: (count: number) => (count === 1 ? "Apply the safe fix" : `Apply all ${count} safe fixes`),
  clean: "Nothing to report.",
  empty: "Paste a bitbucket-pipelines.yml into the editor, or drop the file on this page.",
  more: (count: number) => `${count} more, listed once these are gone`,
  place: (line: number, column: number) => `${line}:${column}`,
  goTo: (line: number, column: number) => `Go to line ${line}, column ${column}`,
  review: "read the result: this fix may change what the pipeline does",
};

export const status = {
  clean: "nothing found",
  checked: (counts: string, milliseconds: number) =>
    `${counts} · checked in ${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`,
  failed:
    "keyless stumbled over this text and started again. Your text is untouched; the next change is checked as usual.",
};

export const rule = {
  about: (id: string) => `What ${id} means`,
  back: "All findings",
  missing: "The documentation of this rule could not be loaded.",
};

/** Words of the pages below rules/, which the build writes. */
export const reference = {
  title: "Rules of keyless",
  heading: "Rules",
  lead: "What keyless looks for. Each page shows what is wrong, why, and the same done right.",
  about: { pipeline: "In bitbucket-pipelines.yml", trust: "In the trust policies of AWS roles" },
  back: "Open the checker",
  all: "All rules",
  wrong: "Wrong",
  right: "Right",
  tryIt: "Open in the editor",
};

export const notices = {
  shared: (characters: number) =>
    characters > 16_000
      ? `Link copied. It has ${characters} characters, which some chat programs cut.`
      : "Link copied. The pipeline is inside the link; no server has it.",
  notCopied: "The link is in the address bar: copy it from there.",
  damaged: "This link is damaged: its pipeline cannot be read. Copy the whole link and open it again.",
  opened: (name: string) => `Opened ${name}.`,
  update: "A new version of this page is ready.",
  reload: "Reload",
};

export const refusals: Record<Refusal, (name: string) => string> = {
  folder: (name) => `${name} is a folder: drop the file bitbucket-pipelines.yml itself.`,
  "too-large": (name) => `${name} has more than 8 MB, which no pipeline file has.`,
  "not-text": (name) => `${name} is not UTF-8 text.`,
};

export const examples = {
  awsOidc: { title: "Deploy with a role, with mistakes", about: "CDK to two environments; what goes wrong most often" },
  awsOidcMended: { title: "Deploy with a role", about: "The same, mended, with one step reused through an anchor" },
  codeArtifact: { title: "Packages from CodeArtifact", about: "A login before npm ci, with a role of its own" },
  pipe: { title: "An Atlassian pipe", about: "Uploads a site to S3; two mistakes" },
  monorepo: { title: "Stages and parallel steps", about: "A larger pipeline with services and conditions" },
};
