// The examples; the build inlines the files.

import awsOidc from "../examples/aws-oidc.yml";
import awsOidcFixed from "../examples/aws-oidc-fixed.yml";
import codeArtifact from "../examples/codeartifact.yml";
import monorepo from "../examples/monorepo.yml";
import pipe from "../examples/pipe.yml";
import * as text from "./text";

export interface Example {
  title: string;
  about: string;
  pipeline: string;
}

/** The first one is shown on a first visit. */
export const EXAMPLES: readonly [Example, ...Example[]] = [
  { ...text.examples.awsOidc, pipeline: awsOidc },
  { ...text.examples.awsOidcFixed, pipeline: awsOidcFixed },
  { ...text.examples.codeArtifact, pipeline: codeArtifact },
  { ...text.examples.pipe, pipeline: pipe },
  { ...text.examples.monorepo, pipeline: monorepo },
];
