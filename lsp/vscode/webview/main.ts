/** The results page: takes runs from the extension, draws them, and sends back what people ask for. */

import { type Message, type Request, type Run, type Table } from "../src/protocol.ts";
import { patch } from "./dom.ts";
import type { Order } from "./tables.ts";
import { chosen, type Page, pageTree, scriptName } from "./view.ts";

declare function acquireVsCodeApi(): { postMessage(request: Request): void };

const api = acquireVsCodeApi();
const orders = new Map<string, Order>();
let runs: Run[] = [];
let selected: string | null = null;
let waiting = false;
let changed = 0; // when a run was last in another state (ms)

// The second half of a double click on a button that became another one was not meant for it.
const MEANT_MS = 500;

const nameOf = (run: Run, table: Table) => JSON.stringify([run.id, table.name]);

function page(): Page {
  return {
    runs,
    selected,
    orderOf: (run, table) => orders.get(nameOf(run, table)),
    choose(id) {
      selected = id;
      draw();
      document.getElementById(`tab-${id}`)?.focus();
    },
    sort(run, table, column) {
      const before = orders.get(nameOf(run, table));
      orders.set(nameOf(run, table), { column, down: before?.column === column ? !before.down : true });
      draw();
    },
    ask(type, { id }) {
      if (type === "stop" || performance.now() - changed > MEANT_MS) api.postMessage({ type, id });
    },
    take: (type, { id }, { name }) => api.postMessage({ type, id, table: name }),
  };
}

function draw(): void {
  waiting = false;
  const main = document.getElementById("results");
  if (main !== null) patch(main, pageTree(page()));
}

// Messages that come together are one drawing; a hidden page draws when it is seen again.
function drawSoon(): void {
  if (!waiting) requestAnimationFrame(draw);
  waiting = true;
}

function say(run: Run): void {
  const said = document.getElementById("said");
  if (said !== null) said.textContent = `${scriptName(run)}: ${run.state}, ${run.rows} rows`;
}

function take(run: Run): void {
  const before = runs.find(({ id }) => id === run.id);
  runs = before === undefined ? [...runs, run] : runs.map((each) => (each.id === run.id ? run : each));
  // Only a change of state is read aloud, not every row.
  if (run.state !== before?.state) {
    say(run);
    changed = performance.now();
  }
}

window.addEventListener("message", ({ data }: MessageEvent<Message>) => {
  if (data.type === "run") take(data.run);
  else {
    runs = [...data.runs];
    selected = data.selected ?? chosen({ ...page(), runs })?.id ?? null;
  }
  drawSoon();
});

api.postMessage({ type: "ready" });
