// The JSON report of the core (crates/core/src/report/json.rs), version 1, and the same with places that the editor can use.

export type Severity = "error" | "warning" | "hint";

/** Heaviest first. */
export const SEVERITIES: readonly Severity[] = ["error", "warning", "hint"];

/** A line and a column, both from 1; columns count characters. */
export interface Position {
  line: number;
  column: number;
}

/** A range of the text: `offset` and `length` count the bytes of its UTF-8 form. */
export interface Range {
  start: Position;
  end: Position;
  offset: number;
  length: number;
}

export interface Place extends Range {
  label?: string;
}

export interface Edit extends Range {
  replacement: string;
}

export interface Fix {
  title: string;
  safe: boolean;
  edits: Edit[];
}

export interface Finding extends Place {
  rule: string;
  severity: Severity;
  message: string;
  related?: Place[];
  help?: string;
  fix?: Fix;
}

export interface Report {
  file: string;
  findings: Finding[];
}

/** Where a range lies in a JavaScript string, in UTF-16 units. */
export interface Located {
  from: number;
  to: number;
}

/** A report whose every range also says where it lies in the editor. */
export interface LocatedReport extends Report {
  findings: LocatedFinding[];
}

export type LocatedFinding = Omit<Finding, "related" | "fix"> &
  Located & {
    related: (Place & Located)[];
    fix?: Omit<Fix, "edits"> & { edits: (Edit & Located)[] };
  };
