// A verdict as a tree: the statements, and for each part of them the expected and the actual values.

import { element, prose } from "./dom";
import type { Holds, RoleVerdict, TrustStatement, TrustStatementPart } from "./protocol";
import type { LocatedFinding } from "./questions";
import * as text from "./text";

/** Values beyond this number are only counted. */
const MAX_VALUES = 3;

export function verdict({ role, verdict, statements, open }: RoleVerdict): HTMLElement {
  const strings = text.trust;
  return element(
    "section",
    { className: `verdict ${verdict}` },
    element("h3", {}, strings.verdicts[verdict], ...(role ? [" ", element("code", { textContent: role })] : [])),
    element("p", { className: "reason", textContent: reason(verdict, statements) }),
    element("ul", { className: "tree" }, ...statements.map(statement), ...open.map(onlyDeployed)),
  );
}

function reason(verdict: RoleVerdict["verdict"], statements: readonly TrustStatement[]): string {
  const strings = text.trust.reasons;
  const deciding = (effect: TrustStatement["effect"]) =>
    statements.find((statement) => statement.applies === "yes" && statement.effect === effect)?.number;
  const [denies, allows] = [deciding("deny"), deciding("allow")];
  if (verdict === "depends") return strings.depends;
  if (denies !== undefined) return strings.denies(denies);
  return verdict === "allow" && allows !== undefined ? strings.allows(allows) : strings.nothing;
}

const mark = (holds: Holds) =>
  element("span", { className: "holds", title: text.trust.holds[holds], attributes: { role: "img", "aria-label": text.trust.holds[holds] } });

function statement({ number, sid, effect, applies, parts, open }: TrustStatement): HTMLLIElement {
  const strings = text.trust;
  return element(
    "li",
    { className: applies },
    element(
      "p",
      { className: "statement" },
      mark(applies),
      strings.statement(number, effect),
      ...(sid ? [" ", element("code", { textContent: sid })] : []),
    ),
    element("ul", {}, ...parts.map(part), ...open.map(onlyDeployed)),
  );
}

const onlyDeployed = (name: string) =>
  element("li", { className: "depends" }, element("p", {}, mark("depends"), text.trust.onlyDeployed, " ", element("code", { textContent: name })));

function part({ name, key, holds, expected, actual, known, because }: TrustStatementPart): HTMLLIElement {
  const strings = text.trust;
  const shown = actual ?? (known ? strings.noKey : strings.unknown);
  const more = expected.length - MAX_VALUES;
  const values = [...expected.slice(0, MAX_VALUES), ...(more > 0 ? [strings.more(more)] : [])];
  const rows: [string, HTMLElement[]][] = [
    [strings.expected, values.length ? values.map(value) : [value(strings.nothing)]],
    [strings.actual, [actual === undefined ? element("i", { textContent: shown }) : value(shown)]],
    ...(because ? ([[strings.because, [element("span", {}, prose(because))]]] satisfies [string, HTMLElement[]][]) : []),
  ];
  return element(
    "li",
    { className: holds },
    element(
      "details",
      { open: holds !== "yes" },
      element("summary", {}, mark(holds), name, ...(key ? [" ", element("code", { textContent: claim(key), title: key })] : [])),
      element("dl", {}, ...rows.flatMap(([term, values]) => [element("dt", { textContent: term }), element("dd", {}, ...values)])),
    ),
  );
}

const value = (textContent: string) => element("code", { textContent });

/** A condition key without the issuer, which is the same for all of Bitbucket's claims. */
const claim = (key: string) => key.replace(/^.*\/identity\/oidc:/, "");

/** The findings in a trust policy. */
export function policyProblems(findings: readonly LocatedFinding[], goTo: (from: number, to: number) => void): HTMLElement {
  return element(
    "ol",
    { className: "problems" },
    ...findings.map(({ rule, severity, start, from, to, message, help }) =>
      element(
        "li",
        { className: severity, dataset: { rule } },
        element(
          "button",
          { type: "button", className: "location", onclick: () => goTo(from, to) },
          element("span", { className: "position", textContent: text.problems.position(start.line, start.column) }),
          element("span", { className: "message" }, prose(message)),
        ),
        ...(help ? [element("p", { className: "help" }, prose(help))] : []),
        element(
          "p",
          { className: "foot" },
          element("a", { className: "rule", href: `rules/${rule}.html`, target: "_blank", textContent: rule, title: text.rule.about(rule) }),
        ),
      ),
    ),
  );
}
