/** A table as text for the clipboard: tabs between values, one row a line, values exact. */

import type { Cell, Table } from "./protocol.ts";

export function tableText(table: Table): string {
  const head = table.columns.map((column) => (column.unit ? `${column.name} (${column.unit})` : column.name));
  return [head, ...table.rows.map((row) => row.map(plain))].map((row) => row.map(oneLine).join("\t")).join("\n") + "\n";
}

/** A file name for a table: letters, digits, `-` and `_` only. */
export function csvName(script: string, table: string): string {
  const safe = (text: string) => text.replace(/[^A-Za-z0-9_-]+/g, "-").replace(/^-+|-+$/g, "");
  return `${safe(script.replace(/\.bt$/, "")) || "trace"}-${safe(table) || "table"}.csv`;
}

function plain(cell: Cell): string {
  if (cell === null) return "";
  if (Array.isArray(cell)) return cell.join(";");
  return typeof cell === "object" ? JSON.stringify(cell) : String(cell);
}

function oneLine(text: string): string {
  return text.replace(/[\t\r\n]/g, " ");
}
