// The results page without VS Code: what is drawn, that traced text stays text, and that what people opened stays open.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import type { Run, Table } from "../../lsp/vscode/src/protocol.ts";
import { pageHtml } from "../../lsp/vscode/src/page.ts";
import { csvName, tableText } from "../../lsp/vscode/src/text.ts";
import { bucketText, grouped, human, printable } from "../../lsp/vscode/webview/cells.ts";
import { patch } from "../../lsp/vscode/webview/dom.ts";
import { type Order, sorted, tableTree } from "../../lsp/vscode/webview/tables.ts";
import { type Page, pageTree, scriptName, stateText } from "../../lsp/vscode/webview/view.ts";

const EXTENSION = new URL("../../lsp/vscode/", import.meta.url);
const { JSDOM } = createRequire(new URL("package.json", EXTENSION))("jsdom") as typeof import("jsdom");
const HOSTILE = `<img src=x onerror="window.bad=1">`;

const text = (name: string, role = "key") => ({ name, type: "string", unit: null, role });
const integer = (name: string, unit: string | null = null, role = "value") => ({ name, type: "int64", unit, role });

const MAP: Table = { name: "@bytes", kind: "map", columns: [text("comm"), integer("bytes", "bytes")], rows: [["cat", 1536], ["dd", 2_000_000]] };
const HIST: Table = {
  name: "@ns",
  kind: "hist",
  columns: [text("comm"), integer("low", "ns", "bucket"), integer("high", "ns", "bucket"), integer("count")],
  rows: [["cat", 1024, 2047, 10], ["cat", 2048, 4095, 5], ["dd", 4096, null, 3]],
};
const STACKS: Table = {
  name: "@s",
  kind: "stacks",
  columns: [{ name: "kstack", type: "stack", unit: null, role: "key" }, integer("count")],
  rows: [[["vfs_read", "ksys_read"], 4], [[], 1]],
};
const RUN: Run = {
  ...{ id: "r1", uri: "file:///a/my%20reads.bt", state: "running", secondsLeft: 7.46, rows: 1200, lost: 0 },
  ...{ tables: [MAP], message: "", runId: null, explanation: null, warnings: [] },
};

function pageOf(runs: Run[], more: Partial<Page> = {}): Page {
  const nothing = () => undefined;
  return { runs, selected: null, orderOf: nothing, choose: nothing, sort: nothing, ask: nothing, take: nothing, ...more };
}

function drawn(page: Page) {
  const { window } = new JSDOM("<main></main>", { runScripts: "dangerously" });
  const main = window.document.querySelector("main") as HTMLElement;
  patch(main, pageTree(page));
  return { window, main };
}

const cells = (main: Element, row: string) => [...main.querySelectorAll(row)].map((each) => [...each.children].map((cell) => cell.textContent));

test("a map is a table with units and types in its heading and exact numbers", () => {
  const { main } = drawn(pageOf([RUN]));
  assert.deepEqual([...main.querySelectorAll("th")].map((each) => each.textContent), ["commstring", "bytesbytes, int64"]);
  assert.deepEqual(cells(main, "tbody tr"), [["cat", "1,536"], ["dd", "2,000,000"]]);
  assert.equal(main.querySelector("td.number")?.getAttribute("title"), "1.5 KiB");
});

test("a run tells how far it is, and offers to stop only while it goes", () => {
  const asked: string[] = [];
  const page = (run: Run) => pageOf([run], { ask: (what, { id }) => asked.push(`${what} ${id}`) });
  const { main } = drawn(page({ ...RUN, lost: 3 }));
  assert.match(main.querySelector(".head")?.textContent ?? "", /running, 7\.5 s left1,200 rows3 lostStop$/);
  (main.querySelector("button.stop") as HTMLElement).click();
  patch(main, pageTree(page({ ...RUN, state: "ended", secondsLeft: null, rows: 1 })));
  assert.match(main.querySelector(".head")?.textContent ?? "", /^ended1 rowRemoveRun again$/);
  main.querySelectorAll<HTMLElement>(".head button").forEach((button) => button.click());
  assert.deepEqual(asked, ["stop r1", "forget r1", "again r1"]);
});

test("a histogram has one bar for each bucket, as long as its share of the largest of its key", () => {
  const { main } = drawn(pageOf([{ ...RUN, tables: [HIST] }]));
  const widths = [...main.querySelectorAll<HTMLElement>(".bar div")].map((each) => each.style.width);
  assert.deepEqual(widths, ["100%", "50%", "100%"]);
  assert.deepEqual(cells(main, "tbody tr").map((row) => row.slice(0, -1)), [["cat", "1,024 – 2,047", "10"], ["2,048 – 4,095", "5"], ["dd", "≥ 4,096", "3"]]);
});

test("buckets have the server's words when it sends some", () => {
  const buckets = ["1 µs to 2 µs", HOSTILE, "over 4 µs"].map((label) => ({ label, share: 1 }));
  const { main } = drawn(pageOf([{ ...RUN, tables: [{ ...HIST, buckets }] }]));
  assert.deepEqual([...main.querySelectorAll("tbody th[scope=row]")].map((each) => each.textContent), ["1 µs to 2 µs", HOSTILE, "over 4 µs"]);
});

test("a stack that was opened stays open while the run goes on and rows are put before it", () => {
  const { main } = drawn(pageOf([{ ...RUN, tables: [STACKS] }]));
  const stack = main.querySelector("details") as HTMLDetailsElement;
  assert.equal(stack.open, false);
  stack.open = true;
  const rows = [[["do_exit"], 9], ...STACKS.rows.map(([frames]) => [frames ?? null, 5])];
  patch(main, pageTree(pageOf([{ ...RUN, tables: [{ ...STACKS, rows }] }])));
  assert.deepEqual([...main.querySelectorAll("details")].map((each) => [each.open, each.querySelector("li")?.textContent]), [[false, "do_exit"], [true, "vfs_read"]]);
  assert.equal(main.querySelectorAll("details")[1], stack);
  assert.equal(main.querySelectorAll("tbody tr")[1]?.children[1]?.textContent, "5");
});

test("what a traced program calls itself is never read as HTML", () => {
  const table = { ...MAP, name: HOSTILE, columns: [text(HOSTILE), integer("n")], rows: [[HOSTILE, 1]] };
  const stacks = { ...STACKS, rows: [[[HOSTILE, HOSTILE], 1]] };
  const hist = { ...HIST, name: "h", rows: [[HOSTILE, 1, 2, 3]] };
  const said = { uri: `file:///${HOSTILE}.bt`, message: HOSTILE, explanation: HOSTILE, warnings: [HOSTILE] };
  const { window, main } = drawn(pageOf([{ ...RUN, ...said, tables: [table, stacks, hist] }]));
  assert.equal(main.querySelector("img, script"), null);
  assert.equal((window as unknown as { bad?: number }).bad, undefined);
  assert.equal(main.textContent?.split(HOSTILE).length, 13);
  const handlers = [...main.querySelectorAll("*")].flatMap((each) => [...each.attributes].filter(({ name }) => name.startsWith("on")));
  assert.deepEqual(handlers, []);
});

test("no source of the page reads HTML, and the page allows no script but its own", () => {
  for (const file of readdirSync(new URL("webview/", EXTENSION))) {
    assert.doesNotMatch(readFileSync(new URL(`webview/${file}`, EXTENSION), "utf8"), /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/, file);
  }
  const html = pageHtml({ script: "s.js", style: "s.css", source: "vscode-resource:", nonce: "abc" });
  assert.match(html, /content="default-src 'none'; style-src vscode-resource:; script-src 'nonce-abc'"/);
  assert.doesNotMatch(html, /unsafe|https?:|style=/);
});

test("traced text that would disguise itself is shown as escapes", () => {
  assert.equal(printable("a\nb\u001b[31m\u202etxt.exe\0"), "a\\nb\\x1b[31m\\u202etxt.exe\\0");
  assert.equal(printable("kworker/0:1-ü漢🙂"), "kworker/0:1-ü漢🙂");
});

test("numbers stay exact, also those that a double cannot hold and that come as text", () => {
  const given = [0, -1234567, "18446744073709551615", 2 ** 53, 1.5, "1e5x"];
  assert.deepEqual(given.map(grouped), ["0", "-1,234,567", "18,446,744,073,709,551,615", "9,007,199,254,740,992", "1.5", "1e5x"]);
});

test("a value is told in a unit that suits it", () => {
  const told = [human(1_234_567, "ns"), human(1500, "us"), human(2048, "bytes"), human(5, "ns"), human(9, null), human(null, "ns"), human(3, "s")];
  assert.deepEqual(told, ["1.23 ms", "1.5 ms", "2 KiB", "", "", "", ""]);
  assert.deepEqual([bucketText(null, 9), bucketText(3, 3), bucketText(null, null)], ["≤ 9", "3", "all"]);
});

test("a click on a heading sorts by it, numbers as numbers, and what is missing comes first", () => {
  const clicked: number[] = [];
  const page = pageOf([RUN], { sort: (_run, _table, column) => clicked.push(column), orderOf: () => ({ column: 1, down: true }) });
  const { main } = drawn(page);
  (main.querySelectorAll<HTMLElement>("th button")[1] as HTMLElement).click();
  assert.deepEqual(clicked, [1]);
  assert.equal(main.querySelectorAll("th")[1]?.getAttribute("aria-sort"), "descending");
  assert.deepEqual(cells(main, "tbody tr")[0], ["dd", "2,000,000"]);
  const rows = [["a", 10], ["b", "9007199254740993"], ["c", "9007199254740992"], ["d", null]];
  const names = (order: Order) => sorted({ ...MAP, rows }, order).map(([name]) => name).join("");
  assert.equal(names({ column: 1, down: false }), "dacb");
  assert.equal(names({ column: 0, down: true }), "dcba");
});

test("runs are tabs, newest first, and the keys go from one to the next", () => {
  const chosen: string[] = [];
  const runs: Run[] = [{ ...RUN, state: "ended" }, { ...RUN, id: "r2", uri: "untitled:Untitled-1" }];
  const { window, main } = drawn(pageOf(runs, { choose: (id) => chosen.push(id) }));
  const tabs = [...main.querySelectorAll('[role="tab"]')];
  assert.deepEqual(tabs.map((each) => [each.textContent, each.getAttribute("aria-selected")]), [["Untitled-1 running", "true"], ["my reads.bt ended", "false"]]);
  tabs[0]?.dispatchEvent(new window.KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
  assert.deepEqual(chosen, ["r1"]);
  assert.equal(main.querySelector('[role="tabpanel"]')?.getAttribute("aria-labelledby"), "tab-r2");
});

test("a page without runs says what to do, and odd names of files do no harm", () => {
  assert.match(drawn(pageOf([])).main.textContent ?? "", /No runs yet/);
  assert.equal(scriptName({ ...RUN, uri: "file:///a/100%.bt" }), "100%.bt");
  assert.equal(stateText({ ...RUN, state: "failed", secondsLeft: null }), "failed");
});

test("a table that was cut says how many rows there are", () => {
  const { main } = drawn(pageOf([{ ...RUN, tables: [{ ...MAP, total: 5000 }] }]));
  assert.match(main.querySelector(".title")?.textContent ?? "", /5,000 rows, the largest 2 shown; the CSV has all/);
});

test("the clipboard gets exact values with tabs between, and a file a harmless name", () => {
  assert.equal(tableText(MAP), "comm\tbytes (bytes)\ncat\t1536\ndd\t2000000\n");
  assert.equal(tableText({ ...STACKS, rows: [[["a\tb", "c"], null]] }), "kstack\tcount\na b;c\t\n");
  assert.equal(csvName("my reads.bt", "../@bytes"), "my-reads-bytes.csv");
  assert.equal(csvName("Untitled-1", "@"), "Untitled-1-table.csv");
});

test("what a table of any kind holds is drawn, also when its columns are not as they should be", () => {
  for (const kind of ["events", "map", "hist", "stacks", "series", "scalar"] as const) {
    const { main } = drawn(pageOf([{ ...RUN, tables: [{ ...MAP, kind }] }]));
    assert.deepEqual(cells(main, "tbody tr")[0], ["cat", "1,536"], kind);
  }
  assert.equal(tableTree({ ...MAP, rows: [[]] }, { order: undefined, sort: () => undefined }).tag, "table");
});
