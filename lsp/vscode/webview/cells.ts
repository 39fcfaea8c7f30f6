/** Values as people read them: integers exact with groups of three, text printable, units in words. */

import type { Cell, Column } from "../src/protocol.ts";

const NUMBERS = new Set(["int64", "uint64", "float"]);
// Controls, and what turns the direction of text or cannot be seen: a traced name must not disguise itself.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0" };

/** Return text with everything that is not printable as an escape. */
export function printable(text: string): string {
  return text.replace(HIDDEN, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return SHORT[char] ?? (code < 256 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`);
  });
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

export function isNumber(column: Column): boolean {
  return NUMBERS.has(column.type);
}

/** Return one value as text; stacks are drawn elsewhere. */
export function cellText(cell: Cell | undefined, column: Column): string {
  if (cell === null || cell === undefined) return "–";
  if (isNumber(column) && (typeof cell === "number" || typeof cell === "string")) return grouped(cell);
  if (typeof cell === "object") return printable(JSON.stringify(cell));
  return printable(String(cell));
}

/** Return a number with groups of three; integers that doubles cannot hold come as text and stay exact. */
export function grouped(value: number | string): string {
  const text = typeof value === "number" ? plain(value) : value;
  const match = /^(-?)(\d+)(\.\d+)?$/.exec(text);
  if (match === null) return printable(text);
  return (match[1] ?? "") + (match[2] ?? "").replace(/\B(?=(\d{3})+$)/g, ",") + (match[3] ?? "");
}

function plain(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : String(Number(value.toPrecision(6)));
}

const TIMES: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };
const TIME_STEPS = [["s", 1e9], ["ms", 1e6], ["µs", 1e3]] as const;
const BYTE_STEPS = [["TiB", 2 ** 40], ["GiB", 2 ** 30], ["MiB", 2 ** 20], ["KiB", 2 ** 10]] as const;

/** Return a value in a unit that suits its size (`1,234,567 ns` is `1.23 ms`), or "" when it is well as it is. */
export function human(cell: Cell | undefined, unit: string | null): string {
  const value = Number(cell);
  if (unit === null || typeof cell === "object" || !Number.isFinite(value)) return "";
  const scale = TIMES[unit];
  const [steps, base] = scale !== undefined ? [TIME_STEPS, value * scale] : unit === "bytes" ? [BYTE_STEPS, value] : [[], 0];
  const step = steps.find(([, size]) => Math.abs(base) >= size);
  return step === undefined || step[1] === scale ? "" : `${Number((base / step[1]).toPrecision(3))} ${step[0]}`;
}

/** Return what a bucket holds: `[low, high]` with the largest value in it, either end may be open. */
export function bucketText(low: Cell | undefined, high: Cell | undefined): string {
  const [from, to] = [end(low), end(high)];
  if (from === undefined) return to === undefined ? "all" : `≤ ${to}`;
  if (to === undefined) return `≥ ${from}`;
  return from === to ? from : `${from} – ${to}`;
}

function end(cell: Cell | undefined): string | undefined {
  return typeof cell === "number" || typeof cell === "string" ? grouped(cell) : undefined;
}
