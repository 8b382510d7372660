// What the modules receive and answer. Generated from the Rust types by crates/wasm/src/protocol.rs: do not edit.
// The Rust types have the documentation. Offsets and lengths count bytes of UTF-8; questions.ts adds the editor's offsets.

export type Answers = {
  lint: Report;
  hover: Hover | null;
  completion: Completion | null;
  definition: Array<DefinitionTarget>;
  outline: Outline;
  requirements: RequirementsAnswer;
  migrate: OrError<MigrationAnswer>;
  trust: TrustAnswer;
  token: OrError<TokenClaims>;
  setup: OrError<SetupAnswer>;
};

export type ByteRange = {
  offset: number;
  length: number;
};

export type CallerClaims = {
  issuer: string;
  audience: string;
  subject: string;
};

export type CallerStep = {
  pipeline: string;
  offset: number;
  environment: string | null;
  workspace: string;
  workspaceUuid: string;
  repositoryUuid: string;
  environmentUuid: string;
};

export type Completion = {
  offset: number;
  length: number;
  options: Array<CompletionOption>;
};

export type CompletionKind = "key" | "value" | "name" | "alias" | "variable" | "pipe";

export type CompletionOption = {
  label: string;
  insert?: string;
  kind: CompletionKind;
  doc: string;
};

export type DefinitionTarget = {
  offset: number;
  length: number;
};

export type Edit = {
  start: Position;
  end: Position;
  offset: number;
  length: number;
  replacement: string;
};

export type Finding = {
  rule: string;
  severity: Severity;
  message: string;
  related?: Array<Location>;
  help?: string;
  fix?: Fix;
  start: Position;
  end: Position;
  offset: number;
  length: number;
  label?: string;
};

export type Fix = {
  title: string;
  safe: boolean;
  edits: Array<Edit>;
};

export type Holds = "yes" | "no" | "depends";

export type Hover = {
  offset: number;
  length: number;
  name: string;
  of?: string;
  lines: Array<string>;
  yaml?: string;
};

export type KeyForm = "pipe" | "pipe-defaults" | "other-pipe" | "environment" | "export" | "configure" | "profile" | "serverless" | "credentials-file" | "shell-file" | "image" | "storage" | "docker" | "terraform" | "passed";

export type KeyUse = {
  steps: Array<MigratedStep>;
  form: KeyForm;
  line: number;
  offset: number;
  length: number;
  keys: Array<string>;
  class: MigrationClass;
  reason: string;
  edits: Array<MigrationEdit>;
};

export type Location = {
  start: Position;
  end: Position;
  offset: number;
  length: number;
  label?: string;
};

export type MigratedStep = {
  name: string;
  line: number;
  environments: Array<string>;
};

export type MigrationAnswer = {
  markdown: string;
  safe: Array<MigrationEdit>;
  all: Array<MigrationEdit>;
  uses: Array<KeyUse>;
  notes: Array<MigrationNote>;
  create: Array<VariableRequirement>;
  delete: Array<VariableRequirement>;
  roles: Array<string | null>;
};

export type MigrationClass = "safe" | "unsafe" | "manual";

export type MigrationEdit = {
  offset: number;
  length: number;
  replacement: string;
};

export type MigrationNote = {
  line: number;
  message: string;
};

export type NeededVariable = {
  name: string;
  used_by: string;
  status: VariableStatus;
};

export type OrError<T> = { error: string, } | T;

export type Outline = {
  pipelines: Array<OutlinePipeline>;
};

export type OutlineGroup = {
  kind: OutlineGroupKind;
  name?: string;
  environment?: string;
  manual: boolean;
  steps: Array<OutlineStep>;
};

export type OutlineGroupKind = "step" | "parallel" | "stage" | "final";

export type OutlinePipeline = {
  start: string;
  name?: string;
  groups: Array<OutlineGroup>;
  offset: number;
  length: number;
};

export type OutlineStep = {
  name: string;
  extent: ByteRange;
  environment?: string;
  manual: boolean;
  token: boolean;
  roles: Array<string>;
  tools: Array<string>;
  callsAws: boolean;
  offset: number;
  length: number;
};

export type Position = {
  line: number;
  column: number;
};

export type Report = {
  file: string;
  findings: Array<Finding>;
};

export type Requests = {
  trust: TrustRequest;
  setup: SetupForm;
};

export type RequirementsAnswer = {
  markdown: string;
  steps: Array<StepRequirements>;
  variables: Array<VariableRequirement>;
};

export type RoleVerdict = {
  role: string;
  verdict: TrustVerdict;
  statements: Array<TrustStatement>;
  open: Array<string>;
};

export type SetupAnswer = {
  text: string;
  roles: string;
  settings: Array<string>;
  steps: string;
};

export type SetupForm = {
  workspace: string;
  workspaceUuid: string;
  repository: string;
  repositoryUuid: string;
  environments: Array<[string, string]>;
  readOnlyEnvironments?: Array<[string, string]>;
  profile: SetupProfile;
  format: SetupFormat;
  providerExists: boolean;
  withReadOnly: boolean;
  deployAccounts?: string;
  permissionsBoundary?: string;
  rolePath?: string;
  pipe?: string;
  prefix: string;
  qualifier: string;
  sessionHours: number;
  addresses: SourceAddresses;
  bindSession: boolean;
  trustPolicyQuota: number;
};

export type SetupFormat = "cloudformation" | "cloudformation-json" | "cdk" | "terraform" | "commands";

export type SetupProfile = "minimal" | "full" | "read-only";

export type Severity = "hint" | "warning" | "error";

export type SourceAddresses = "anywhere" | "bitbucket" | { "listed": string };

export type StepRequirements = {
  step: string;
  line: number;
  environment?: string;
  oidc: boolean;
  variables: Array<NeededVariable>;
};

export type TokenClaims = {
  issuer: string;
  audiences: Array<string>;
  subject: string;
  repository: string | null;
  environment: string | null;
  step: string | null;
  branch: string | null;
  validFor: string | null;
  expiredSince: string | null;
  mismatches: Array<TokenMismatch>;
};

export type TokenMismatch = {
  fatal: boolean;
  message: string;
};

export type TrustAnswer = {
  report: Report;
  verdicts: Array<RoleVerdict>;
};

export type TrustCaller = { "claims": CallerClaims } | { "step": CallerStep };

export type TrustEffect = "allow" | "deny";

export type TrustRequest = {
  sourceIp: string;
  caller: TrustCaller;
};

export type TrustStatement = {
  number: number;
  sid: string | null;
  effect: TrustEffect | null;
  applies: Holds;
  parts: Array<TrustStatementPart>;
  open: Array<string>;
};

export type TrustStatementPart = {
  name: string;
  key?: string;
  holds: Holds;
  expected: Array<string>;
  actual?: string;
  known: boolean;
  because?: string;
};

export type TrustVerdict = "allow" | "deny" | "depends";

export type VariableLevel = "environment" | "repository";

export type VariableRequirement = {
  name: string;
  level: VariableLevel;
  environments: Array<string>;
  status: VariableStatus;
  missing_for?: Array<string>;
};

export type VariableStatus = "declared" | "unknown" | "missing";
