/** Tables as trees: a heading with units and types, rows that can be sorted, bars for histograms, stacks to open. */

import type { Cell, Column, Table } from "../src/protocol.ts";
import { bucketText, cellText, grouped, human, isNumber, printable } from "./cells.ts";
import { h, type Tree } from "./dom.ts";

export interface Order {
  readonly column: number;
  readonly down: boolean;
}

export interface Shown {
  readonly order: Order | undefined;
  sort(column: number): void;
}

type Row = readonly Cell[];

/** Draw one table. */
export function tableTree(table: Table, shown: Shown): Tree {
  const names = table.columns.map(({ name }) => name);
  if (table.kind === "hist" && ["low", "high", "count"].every((name) => names.includes(name))) return histogram(table);
  const rows = sorted(table, shown.order);
  const head = h("tr", {}, table.columns.map((column, index) => heading(column, index, shown)));
  return h("table", { class: table.kind }, [
    caption(table),
    h("thead", {}, [head]),
    h("tbody", {}, rows.map((row) => h("tr", {}, table.columns.map((column, i) => cell(row[i], column)), { key: keyOf(table, row) }))),
  ]);
}

function caption(table: Table): Tree {
  return h("caption", { class: "unseen" }, [`${printable(table.name)}: ${rowsText(table)}`]);
}

/** Return how many rows there are, and which of them are shown. */
export function rowsText({ kind, rows, total = rows.length }: Table): string {
  const count = `${grouped(total)} ${total === 1 ? "row" : "rows"}`;
  if (total <= rows.length) return count;
  const which = kind === "events" || kind === "series" ? "newest" : kind === "hist" ? "first" : "largest";
  return `${count}, the ${which} ${grouped(rows.length)} shown; the CSV has all`;
}

function heading(column: Column, index: number, { order, sort }: Shown): Tree {
  const mine = order?.column === index ? order : undefined;
  const label = h("button", { type: "button", title: "Sort by this column" }, [
    printable(column.name),
    h("span", { class: "kind" }, [column.unit ? `${column.unit}, ${column.type}` : column.type]),
    h("span", { "aria-hidden": "true", class: "order" }, [mine === undefined ? "" : mine.down ? "▼" : "▲"]),
  ], { on: { click: () => sort(index) } });
  const state = mine === undefined ? "none" : mine.down ? "descending" : "ascending";
  return h("th", { scope: "col", "aria-sort": state, class: isNumber(column) ? "number" : "" }, [label]);
}

function cell(value: Cell | undefined, column: Column): Tree {
  if (column.type === "stack" && Array.isArray(value)) return h("td", {}, [stack(value)]);
  const text = cellText(value, column);
  const better = isNumber(column) ? human(value, column.unit) : "";
  return h("td", { class: isNumber(column) ? "number" : "", ...(better && { title: better }) }, [text]);
}

function stack(frames: readonly unknown[]): Tree {
  const names = frames.map((frame) => printable(String(frame)));
  if (names.length === 0) return h("span", {}, ["(no stack)"]);
  const count = names.length === 1 ? "1 frame" : `${names.length} frames`;
  return h("details", {}, [
    h("summary", {}, [names[0] ?? "", h("span", { class: "kind" }, [count])]),
    h("ol", {}, names.map((name) => h("li", {}, [name]))),
  ]);
}

/** Return the rows in an order, or as they came. Numbers that came as text are compared exactly. */
export function sorted({ rows, columns }: Table, order: Order | undefined): readonly Row[] {
  const column = order && columns[order.column];
  if (order === undefined || column === undefined) return rows;
  const sign = order.down ? -1 : 1;
  return [...rows].sort((a, b) => sign * compare(a[order.column], b[order.column], isNumber(column)));
}

function compare(a: Cell | undefined, b: Cell | undefined, numbers: boolean): number {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  if (numbers) return exact(a) < exact(b) ? -1 : exact(a) > exact(b) ? 1 : 0;
  return String(a) < String(b) ? -1 : 1;
}

function exact(value: Cell): number | bigint {
  return typeof value === "string" && /^-?\d+$/.test(value) ? BigInt(value) : Number(value);
}

function keyOf({ columns }: Table, row: Row): string | undefined {
  const keys = row.filter((_, i) => columns[i]?.role === "key" || columns[i]?.role === "time");
  return keys.length > 0 ? JSON.stringify(keys) : undefined;
}

function histogram(table: Table): Tree {
  const at = (name: string) => table.columns.findIndex((column) => column.name === name);
  const [low, high, count] = [at("low"), at("high"), at("count")];
  const keys = table.columns.flatMap((column, i) => (column.role === "bucket" || i === count ? [] : [i]));
  const all = table.rows.map((row, i) => ({ row, label: table.buckets?.[i]?.label ?? bucketText(row[low], row[high]) }));
  const groups = Map.groupBy(all, ({ row }) => JSON.stringify(keys.map((i) => row[i])));
  const unit = table.columns[low]?.unit;
  const names = [...keys.map((i) => table.columns[i]?.name ?? ""), unit ? `bucket (${unit})` : "bucket", "count"];
  const head = h("tr", {}, [...names.map((name) => h("th", { scope: "col" }, [printable(name)])), h("td", { class: "bar" })]);
  const body = [...groups].map(([key, rows]) => {
    const most = Math.max(1, ...rows.map(({ row }) => Number(row[count]) || 0));
    const first = rows[0]?.row ?? [];
    const labels = keys.map((i) => {
      const column = table.columns[i] as Column;
      return h("th", { scope: "rowgroup", rowspan: String(rows.length) }, [cellText(first[i], column)]);
    });
    const lines = rows.map(({ row, label }, i) => bar(i === 0 ? labels : [], printable(label), row[count], most));
    return h("tbody", {}, lines, { key });
  });
  return h("table", { class: "hist" }, [caption(table), h("thead", {}, [head]), ...body]);
}

function bar(labels: readonly Tree[], bucket: string, count: Cell | undefined, most: number): Tree {
  const width = Math.max(0, Math.min(100, (100 * (Number(count) || 0)) / most));
  const number = { name: "count", type: "int64", unit: null, role: "value" };
  return h("tr", {}, [
    ...labels,
    h("th", { scope: "row", class: "number" }, [bucket]),
    h("td", { class: "number" }, [cellText(count, number)]),
    h("td", { class: "bar", "aria-hidden": "true" }, [h("div", {}, [], { width })]),
  ]);
}
