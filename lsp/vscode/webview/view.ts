/** The whole page as a tree: one tab for each run, and the run that is chosen. */

import { isOver, type Run, type Table } from "../src/protocol.ts";
import { grouped, printable } from "./cells.ts";
import { h, type Tree } from "./dom.ts";
import { type Order, rowsText, tableTree } from "./tables.ts";

/** What is on the page, and what people can do there. */
export interface Page {
  readonly runs: readonly Run[];
  readonly selected: string | null;
  orderOf(run: Run, table: Table): Order | undefined;
  choose(id: string): void;
  sort(run: Run, table: Table, column: number): void;
  ask(what: "stop" | "again" | "forget", run: Run): void;
  take(what: "csv" | "copy", run: Run, table: Table): void;
}

/** Draw the page. */
export function pageTree(page: Page): Tree[] {
  const run = chosen(page);
  if (run === undefined) return [h("p", { class: "empty" }, ["No runs yet. Open a bpftrace script and press ▷, or its lens “Run”."])];
  return [tabs(page, run), runTree(page, run)];
}

/** Return the run in front: the one that was chosen, else the newest. */
export function chosen({ runs, selected }: Page): Run | undefined {
  return runs.find((run) => run.id === selected) ?? runs.at(-1);
}

function tabs(page: Page, front: Run): Tree {
  const newestFirst = page.runs.toReversed();
  const move = (event: Event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[(event as KeyboardEvent).key];
    const next = step && newestFirst[newestFirst.findIndex(({ id }) => id === front.id) + step];
    if (next) page.choose(next.id);
  };
  const each = newestFirst.map((run) => {
    const isFront = run.id === front.id;
    const attributes = {
      ...{ type: "button", role: "tab", id: `tab-${run.id}`, class: run.state },
      ...{ "aria-selected": String(isFront), "aria-controls": "run", tabindex: isFront ? "0" : "-1" },
    };
    const name = [h("span", { class: "dot", "aria-hidden": "true" }), `${scriptName(run)} `, h("span", { class: "kind" }, [run.state])];
    return h("button", attributes, name, { key: run.id, on: { click: () => page.choose(run.id) } });
  });
  return h("div", { role: "tablist", "aria-label": "Runs, newest first" }, each, { on: { keydown: move } });
}

/** Return the file's name as people know it. */
export function scriptName({ uri }: Run): string {
  const last = uri.split(/[/:]/).at(-1) ?? uri;
  try {
    return printable(decodeURIComponent(last));
  } catch {
    return printable(last);
  }
}

function runTree(page: Page, run: Run): Tree {
  const parts = [
    head(page, run),
    ...(run.message ? [h("p", { class: run.state === "failed" ? "failed" : "message" }, [printableLines(run.message)], { key: "message" })] : []),
    ...run.warnings.map((warning, i) => h("p", { class: "warning" }, [printableLines(warning)], { key: `warning ${i}` })),
    ...(run.explanation ? [h("section", { "aria-label": "What this means", class: "explanation" }, [h("p", {}, [printableLines(run.explanation)])], { key: "explanation" })] : []),
    ...run.tables.map((table) => section(page, run, table)),
  ];
  return h("div", { role: "tabpanel", id: "run", "aria-labelledby": `tab-${run.id}` }, parts, { key: `run ${run.id}` });
}

function head(page: Page, run: Run): Tree {
  const facts = [stateText(run), `${grouped(run.rows)} ${run.rows === 1 ? "row" : "rows"}`];
  if (run.lost > 0) facts.push(`${grouped(run.lost)} lost`);
  const buttons = isOver(run)
    // Removing is never where stopping was: a second click must not take the results away.
    ? [button("Remove", () => page.ask("forget", run)), button("Run again", () => page.ask("again", run))]
    : [button("Stop", () => page.ask("stop", run), "stop")];
  const shown = facts.map((fact, i) => h("span", { class: i === 2 ? "lost" : "fact" }, [fact]));
  return h("div", { class: "head" }, [...shown, h("span", { class: "buttons" }, buttons)], { key: "head" });
}

/** Return in words how far a run is. */
export function stateText({ state, secondsLeft }: Run): string {
  if (state === "running" && secondsLeft !== null) return `running, ${secondsLeft.toFixed(secondsLeft < 10 ? 1 : 0)} s left`;
  return state;
}

function section(page: Page, run: Run, table: Table): Tree {
  const title = h("div", { class: "title" }, [
    h("h2", {}, [printable(table.name)]),
    h("span", { class: "kind" }, [rowsText(table)]),
    h("span", { class: "buttons" }, [
      button("Copy", () => page.take("copy", run, table), "", `Copy ${table.name}`),
      button("Export CSV", () => page.take("csv", run, table), "", `Export ${table.name} as CSV`),
    ]),
  ]);
  const shown = { order: page.orderOf(run, table), sort: (column: number) => page.sort(run, table, column) };
  return h("section", { "aria-label": printable(table.name) }, [title, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `Rows of ${printable(table.name)}` }, [tableTree(table, shown)])], { key: table.name });
}

function button(text: string, click: () => void, name = "", label = ""): Tree {
  return h("button", { type: "button", class: name, ...(label && { "aria-label": printable(label) }) }, [text], { on: { click }, key: text });
}

// What the server says may have several lines; a line break is one there.
function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
