/** What the buttons of the results page do. */

import { posix } from "node:path";
import * as vscode from "vscode";
import type { History } from "./history.ts";
import type { Request, Run } from "./protocol.ts";
import type { Server } from "./server.ts";
import { csvName, tableText } from "./text.ts";

/** Do what the page asked for; what it names and is not there is passed over. */
export async function answer(request: Request, history: History, server: Server): Promise<void> {
  const run = "id" in request ? history.get(request.id) : undefined;
  if (run === undefined) return;
  switch (request.type) {
    case "stop":
      await server.ask("gpttrace.stop", run.id);
      break;
    case "again":
      await server.ask("gpttrace.run", run.uri, { seconds: runSeconds(vscode.Uri.parse(run.uri)) });
      break;
    case "forget":
      history.forget(run.id);
      break;
    case "copy":
      await copy(run, request.table);
      break;
    case "csv":
      await exportCsv(run, request.table, server);
  }
}

/** The seconds that a run lasts, as set for a document. */
export function runSeconds(uri: vscode.Uri): number {
  return vscode.workspace.getConfiguration("gpttrace", uri).get("run.seconds", 10);
}

async function copy(run: Run, name: string): Promise<void> {
  const table = run.tables.find((each) => each.name === name);
  if (table === undefined) return;
  await vscode.env.clipboard.writeText(tableText(table));
  const left = (table.total ?? table.rows.length) - table.rows.length;
  const more = left > 0 ? `; ${left} more are in the CSV` : "";
  vscode.window.setStatusBarMessage(`${table.rows.length} rows of ${name} copied${more}`, 5000);
}

async function exportCsv(run: Run, name: string, server: Server): Promise<void> {
  const result = (await server.ask("gpttrace.csv", run.runId ?? run.id, name)) as { readonly csv?: string } | null | undefined;
  if (result === null) void vscode.window.showWarningMessage(`The rows of ${name} are no longer there; run the script again.`);
  if (typeof result?.csv !== "string") return;
  const script = vscode.Uri.parse(run.uri);
  const folder = vscode.workspace.getWorkspaceFolder(script)?.uri ?? vscode.workspace.workspaceFolders?.[0]?.uri;
  const file = csvName(posix.basename(script.path), name);
  const target = await vscode.window.showSaveDialog({
    filters: { CSV: ["csv"] },
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, file) } : {}),
  });
  if (target) await vscode.workspace.fs.writeFile(target, new TextEncoder().encode(result.csv));
}
