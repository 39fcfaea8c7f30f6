/** What the server tells: runs, their tables, and its own state; see docs/json.md for tables. */

export type Cell = string | number | boolean | null | readonly string[] | object;

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly unit: string | null;
  readonly role: string;
}

export interface Table {
  readonly name: string;
  readonly kind: "events" | "map" | "hist" | "stacks" | "series" | "scalar";
  readonly columns: readonly Column[];
  /** Integers that a double cannot hold come as text. */
  readonly rows: readonly (readonly Cell[])[];
  /** How many rows there are; at most 200 are sent: the newest events, the largest values. */
  readonly total?: number;
  /** The bars of a histogram, one a row, with what a bucket holds in words. */
  readonly buckets?: readonly { readonly label: string; readonly share: number }[];
}

export type RunState = "starting" | "running" | "ending" | "ended" | "failed";

/** One run as `gpttrace/run` tells it, again and again while it lasts. */
export interface Run {
  readonly id: string;
  readonly uri: string;
  readonly state: RunState;
  readonly secondsLeft: number | null;
  readonly rows: number;
  readonly lost: number;
  readonly tables: readonly Table[];
  readonly message: string;
  readonly runId: string | null;
  readonly explanation: string | null;
  readonly warnings: readonly string[];
}

export interface Status {
  readonly text: string;
  readonly detail: string;
  readonly level: "ok" | "warning" | "error";
}

/** What the results page asks of the extension. */
export type Request =
  | { readonly type: "ready" }
  | { readonly type: "stop" | "again" | "forget"; readonly id: string }
  | { readonly type: "csv" | "copy"; readonly id: string; readonly table: string };

/** What the extension tells the results page. */
export type Message =
  | { readonly type: "runs"; readonly runs: readonly Run[]; readonly selected: string | null }
  | { readonly type: "run"; readonly run: Run };

/** Tell whether a run is over. */
export function isOver(run: Run): boolean {
  return run.state === "ended" || run.state === "failed";
}
