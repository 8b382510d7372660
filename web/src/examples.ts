// The examples gallery; the build puts the files' text here.

import awsOidc from "../examples/aws-oidc.yml";
import awsOidcMended from "../examples/aws-oidc-mended.yml";
import codeArtifact from "../examples/codeartifact.yml";
import monorepo from "../examples/monorepo.yml";
import pipe from "../examples/pipe.yml";
import * as text from "./text";

export interface Example {
  title: string;
  about: string;
  pipeline: string;
}

/** The first is loaded for a first visit. */
export const EXAMPLES: readonly [Example, ...Example[]] = [
  { ...text.examples.awsOidc, pipeline: awsOidc },
  { ...text.examples.awsOidcMended, pipeline: awsOidcMended },
  { ...text.examples.codeArtifact, pipeline: codeArtifact },
  { ...text.examples.pipe, pipeline: pipe },
  { ...text.examples.monorepo, pipeline: monorepo },
];
