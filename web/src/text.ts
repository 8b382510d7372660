// Every English word that the page itself says. What the linter says comes from crates/core.

import type { Refusal } from "./files";
import type { Severity, SetupFormat, SetupProfile, TrustEffect } from "./protocol";
import type { Failure } from "./remote";

/** Filled into index.html by the build, wherever it says {{name}}. */
export const page = {
  title: "keyless: check bitbucket-pipelines.yml",
  description: "Checks Bitbucket pipelines as you type, in your browser. Nothing is uploaded.",
  name: "keyless",
  claim: "Bitbucket pipelines, checked as you type",
  documentation: "Documentation",
  rules: "Rules",
  language: "Language",
  guides: "Guides",
  actions: "File",
  examples: "Examples",
  open: "Open",
  share: "Share",
  download: "Download",
  keys: "Shortcuts",
  side: "What keyless sees",
  checking: "checking",
  promise: "Everything runs in this tab. Nothing you type or open leaves it.",
  noScript: "The checker is a program that runs in your browser, so it needs JavaScript. Nothing is uploaded.",
} as const;

export const FILE_NAME = "bitbucket-pipelines.yml";

export const editor = {
  label: "Pipeline. Escape, then Tab, leaves the editor.",
};

/** What the keyboard does in the editor, as `keys of one press`. */
export const keys: readonly [pressed: string, about: string][] = [
  ["F8", "next finding"],
  ["Shift F8", "finding before"],
  ["Ctrl .", "apply the fix on this line"],
  ["Ctrl Space", "what may stand here"],
  ["F12", "from an alias to its anchor, and back"],
  ["Ctrl F", "search"],
  ["Ctrl Z", "undo, fixes too"],
  ["Esc Tab", "leave the editor"],
];

export const opening = {
  file: "A file from this computer",
  fileAbout: "or drop one anywhere on this page",
  address: "Or a file at an address",
  placeholder: "https://bitbucket.org/acme/web/src/main/bitbucket-pipelines.yml",
  nobody: "Asked only when you press the button, without cookies or a login.",
  notAnAddress: "An address begins with https:// and holds no password.",
  asks: ({ host, pathname }: URL) => `${host} will be asked for ${pathname} and sees your IP address. Nothing else is sent.`,
  fetch: "Fetch it",
  failures: (failure: Failure, host: string) => {
    if (typeof failure === "object") {
      const hidden = [401, 403, 404].includes(failure.status);
      return `${host} answered ${failure.status}.${hidden ? " Private files answer so too, for no login is sent: download the file and drop it here." : ""}`;
    }
    return {
      unreadable: `${host} could not be read: it is out of reach, or it lets no other page read this file (its CORS headers decide). Download the file and drop it here.`,
      "too-large": "The file has more than 8 MB, which no pipeline file has.",
      "not-text": "What came is not UTF-8 text.",
    }[failure];
  },
};

export const hover = {
  title: (name: string, of: string | undefined) => (of === undefined ? `\`${name}\`` : `\`${name}\` of ${of}`),
  more: "In the language table",
};

export const views = {
  findings: "Findings",
  needs: "Needs",
  picture: "Picture",
  trust: "Trust",
  token: "Token",
  setup: "Set up",
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
  empty: {
    title: "No pipeline yet",
    about: "Once there is a `pipelines:` with a step, this draws what runs when, where it deploys, and which step gets a token.",
  },
  kinds: { parallel: "at the same time", stage: "stage", final: "always, at the end", step: "" },
  token: "token",
  noToken: "no token",
  manual: "waits for a click",
  roleFromSettings: "role from Bitbucket's settings",
};

export const needs = {
  lead: "What the steps expect from Bitbucket's settings. Tick what you have defined: the findings follow.",
  empty: {
    title: "Nothing to define",
    about: "No step uses a variable that neither the file nor Bitbucket itself sets. Those that do are listed here, each with where it belongs.",
  },
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
  lead: "Paste a role's trust policy, or a template that holds some. It is checked, and asked whether it lets a step in.",
  policy: "Trust policy or template",
  request: "Who asks",
  step: "Step",
  claims: "the claims of a token",
  environmentUuid: (environment: string) => `UUID of ${environment}`,
  issuer: "Issuer",
  audience: "Audience",
  subject: "Subject",
  sourceIp: "Source address",
  unknown: "not known",
  noKey: "no such key",
  noToken: (step: string) => `\`${step}\` gets no token: it lacks \`oidc: true\`. With one, this would be the answer.`,
  verdicts: { allow: "Allowed", deny: "Denied", depends: "It depends" },
  reasons: {
    allows: (statement: number) => `Statement ${statement} allows it.`,
    denies: (statement: number) => `Statement ${statement} denies it, whatever others allow.`,
    nothing: "No statement allows it.",
    depends: "What is not known decides: fill it in above.",
  },
  statement: (number: number, effect: TrustEffect | null) => `Statement ${number} (${effect ?? "effect not known"})`,
  holds: { yes: "holds", no: "does not hold", depends: "not known" },
  onlyDeployed: "only a deployment knows",
  wants: "wants",
  has: "has",
  because: "because",
  nothing: "nothing, so that nothing matches",
  more: (count: number) => `and ${count} more`,
  checked: (count: number) => `The check found ${count === 1 ? "one thing" : `${count} things`}`,
  clean: "The check of the policy itself found nothing.",
  fromToken: "Filled in from the token that was read.",
  fromSetup: "This is what Set up wrote. Pick a step and ask it.",
};

export const token = {
  lead: "Paste a step's OIDC token to read it. It never leaves this tab and is not kept; still, take one that has expired: a fresh one is a key.",
  token: "Token",
  placeholder: "eyJ…",
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
  lead: "Writes the identity provider and a role for each environment, as keyless setup does. The UUIDs stand in Bitbucket under Repository settings, OpenID Connect.",
  workspace: "Workspace",
  workspaceUuid: "Workspace UUID",
  repository: "Repository",
  repositoryUuid: "Repository UUID",
  environments: "A role for each deployment environment",
  noEnvironments: "This file names none. Without one, the role is for every step of the repository.",
  environmentName: "another environment",
  uuidOf: (environment: string) => `UUID of ${environment}`,
  add: "Add",
  profile: "The role may",
  profiles: {
    minimal: "assume the roles of cdk bootstrap, nothing else",
    full: "also read the account and use CodeArtifact",
    "read-only": "only read, for cdk diff",
  } satisfies Record<SetupProfile, string>,
  format: "Write as",
  formats: {
    "cloudformation-json": "CloudFormation (JSON)",
    cloudformation: "CloudFormation (YAML)",
    cdk: "CDK (TypeScript)",
    terraform: "Terraform",
    commands: "AWS CLI commands",
  } satisfies Record<SetupFormat, string>,
  files: {
    "cloudformation-json": "access.json",
    cloudformation: "access.yaml",
    cdk: "access.ts",
    terraform: "access.tf",
    commands: "access.sh",
  } satisfies Record<SetupFormat, string>,
  commands: {
    "cloudformation-json":
      "aws cloudformation deploy --stack-name bitbucket-access \\\n  --template-file access.json --capabilities CAPABILITY_NAMED_IAM",
    cloudformation:
      "aws cloudformation deploy --stack-name bitbucket-access \\\n  --template-file access.yaml --capabilities CAPABILITY_NAMED_IAM",
    cdk: "npx cdk deploy --app 'npx tsx access.ts'",
    terraform: "terraform init && terraform apply",
    commands: "sh access.sh",
  } satisfies Record<SetupFormat, string>,
  providerExists: "The account has the identity provider already",
  more: "Source addresses and other options",
  from: "The role takes calls from",
  fromHelp: "A second lock beside audience and subject. Bitbucket's addresses need steps of size 4x or more.",
  addresses: {
    anywhere: "anywhere",
    bitbucket: "Bitbucket's published addresses, as of July 2026",
    listed: "addresses that I list",
  },
  listed: "Addresses",
  listedHelp: "one block a line, or the JSON of ip-ranges.atlassian.com",
  bindSession: "Bind the session to them too, not only the exchange of the token",
  withReadOnly: "Add a role that may only read, for every step of the repository",
  hours: "Hours a session may last",
  prefix: "Role names begin with",
  qualifier: "Qualifier of cdk bootstrap",
  quota: "Longest trust policy",
  quotas: { 2048: "2048 characters", 4096: "4096, once raised", 8192: "8192, once raised" },
  write: "Write it",
  copy: "Copy",
  copyOf: (title: string) => `Copy: ${title}`,
  copied: "Copied.",
  download: "Download",
  ask: "Ask its trust policies",
  deploy: "Deploy it",
  inBitbucket: "Then, in Bitbucket",
  inPipeline: "And in bitbucket-pipelines.yml",
  roles: "What each role may do",
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
  clean: { title: "Nothing found", about: "keyless has nothing to say against this file." },
  empty: { title: "An empty file", about: "Paste a `bitbucket-pipelines.yml` into the editor, drop the file on this page, or start from an example." },
  more: (count: number) => `${count} more, listed once these are gone`,
  place: (line: number, column: number) => `${line}:${column}`,
  goTo: (line: number, column: number) => `Go to line ${line}, column ${column}`,
  review: "read the result: this fix may change what the pipeline does",
};

/** The tab's title once the file was checked. */
export const title = (counts: string) => `${counts} · ${page.name}`;

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
  back: "Checker",
  wrong: "Wrong",
  right: "Right",
  tryIt: "Open in the checker",
};

/** The pages below docs/, in the order of their list. */
export const guides = {
  index: { title: "Guides", about: "From a pipeline with a stored key to one without, and what keyless knows on the way." },
  aws: { title: "The AWS side", about: "From an empty account to a green deploy: provider, roles, trust policies, and what to do when AWS refuses." },
  command: { title: "The command and the hook", about: "Lint before the push: reports, fixes, settings, and the same through pre-commit." },
  pipe: { title: "The pipe", about: "Deploys a CDK app with a role assumed by OIDC: every variable, what happens in which order." },
  "pipeline-language": { title: "The pipeline file, key by key", about: "Every key of bitbucket-pipelines.yml, what it holds and what it is." },
  "other-linters": { title: "Other linters", about: "What they check, what is covered here, and what is left out on purpose." },
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
