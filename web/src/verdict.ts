// A verdict over a trust policy as a tree: statements, and in each what it wants and what the request has.

import { element, prose } from "./dom";
import type { Holds, RoleVerdict, TrustStatement, TrustStatementPart } from "./protocol";
import type { LocatedFinding } from "./questions";
import * as text from "./text";

/** More values than this are counted. */
const SHOWN = 3;

export function verdict({ role, verdict, statements, open }: RoleVerdict): HTMLElement {
  const words = text.trust;
  return element(
    "section",
    { className: `verdict ${verdict}` },
    element("h3", {}, words.verdicts[verdict], ...(role ? [" ", element("code", { textContent: role })] : [])),
    element("p", { className: "reason", textContent: reason(verdict, statements) }),
    element("ul", { className: "tree" }, ...statements.map(statement), ...open.map(onlyDeployed)),
  );
}

function reason(verdict: RoleVerdict["verdict"], statements: readonly TrustStatement[]): string {
  const words = text.trust.reasons;
  const deciding = (effect: TrustStatement["effect"]) =>
    statements.find((statement) => statement.applies === "yes" && statement.effect === effect)?.number;
  const [denies, allows] = [deciding("deny"), deciding("allow")];
  if (verdict === "depends") return words.depends;
  if (denies !== undefined) return words.denies(denies);
  return verdict === "allow" && allows !== undefined ? words.allows(allows) : words.nothing;
}

const mark = (holds: Holds) =>
  element("span", { className: "holds", title: text.trust.holds[holds], attributes: { role: "img", "aria-label": text.trust.holds[holds] } });

function statement({ number, sid, effect, applies, parts, open }: TrustStatement): HTMLLIElement {
  const words = text.trust;
  return element(
    "li",
    { className: applies },
    element(
      "p",
      { className: "statement" },
      mark(applies),
      words.statement(number, effect),
      ...(sid ? [" ", element("code", { textContent: sid })] : []),
    ),
    element("ul", {}, ...parts.map(part), ...open.map(onlyDeployed)),
  );
}

const onlyDeployed = (name: string) =>
  element("li", { className: "depends" }, element("p", {}, mark("depends"), text.trust.onlyDeployed, " ", element("code", { textContent: name })));

function part({ name, key, holds, expected, actual, known, because }: TrustStatementPart): HTMLLIElement {
  const words = text.trust;
  const shown = actual ?? (known ? words.noKey : words.unknown);
  const more = expected.length - SHOWN;
  const wanted = [...expected.slice(0, SHOWN), ...(more > 0 ? [words.more(more)] : [])];
  const rows: [string, HTMLElement[]][] = [
    [words.wants, wanted.length ? wanted.map(value) : [value(words.nothing)]],
    [words.has, [actual === undefined ? element("i", { textContent: shown }) : value(shown)]],
    ...(because ? ([[words.because, [element("span", {}, prose(because))]]] satisfies [string, HTMLElement[]][]) : []),
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

/** A claim of Bitbucket's tokens without the issuer, which is the same for all of them. */
const claim = (key: string) => key.replace(/^.*\/identity\/oidc:/, "");

/** Findings in a text that is not the editor's. */
export function problems(findings: readonly LocatedFinding[], goTo: (from: number, to: number) => void): HTMLElement {
  return element(
    "ol",
    { className: "problems" },
    ...findings.map(({ rule, severity, start, from, to, message, help }) =>
      element(
        "li",
        { className: severity, dataset: { rule } },
        element(
          "button",
          { type: "button", className: "place", onclick: () => goTo(from, to) },
          element("span", { className: "position", textContent: text.findings.place(start.line, start.column) }),
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
