/** The runs of this window, oldest first; bounded, and never forgets one that still goes. */

import { isOver, type Run } from "./protocol.ts";

const MOST = 20;

export class History {
  private readonly runs = new Map<string, Run>();
  private past = 0;

  /** Take what the server told of a run; what it left out stays as it was. Returns the whole run. */
  update(told: Partial<Run> & Pick<Run, "id">): Run {
    const run = { ...EMPTY, ...this.runs.get(told.id), ...defined(told) };
    this.runs.set(run.id, run);
    for (const old of this.all()) {
      if (this.runs.size <= MOST) break;
      if (isOver(old)) this.runs.delete(old.id);
    }
    return run;
  }

  /** Forget a run that is over. */
  forget(id: string): void {
    const run = this.runs.get(id);
    if (run !== undefined && isOver(run)) this.runs.delete(id);
  }

  /** The server is gone, and with it its runs; the next one counts from r1 again, so these get names of their own. */
  close(message: string): void {
    const past = this.all();
    this.runs.clear();
    this.past += 1;
    for (const run of past) {
      const id = `${run.id}-${this.past}`;
      const over: Partial<Run> = isOver(run) ? {} : { state: "failed", secondsLeft: null, message };
      this.runs.set(id, { ...run, ...over, id });
    }
  }

  get(id: string): Run | undefined {
    return this.runs.get(id);
  }

  all(): Run[] {
    return [...this.runs.values()];
  }

  /** The newest run of a document that still goes. */
  running(uri: string): Run | undefined {
    return this.all().findLast((run) => run.uri === uri && !isOver(run));
  }
}

const EMPTY: Run = {
  id: "",
  uri: "",
  state: "starting",
  secondsLeft: null,
  rows: 0,
  lost: 0,
  tables: [],
  message: "",
  runId: null,
  explanation: null,
  warnings: [],
};

function defined<T extends object>(told: T): T {
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined)) as T;
}
