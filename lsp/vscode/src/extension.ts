/** The extension's life: makes the pieces, joins them, and takes them down again. */

import * as vscode from "vscode";
import { registerCommands } from "./commands.ts";
import { History } from "./history.ts";
import { Panel } from "./panel.ts";
import type { Request, Run } from "./protocol.ts";
import { onPythonChange } from "./python.ts";
import { answer } from "./requests.ts";
import { Server } from "./server.ts";
import { StatusItems } from "./status.ts";
import { Words } from "./words.ts";

let server: Server | undefined;
const PAGES: Readonly<Record<string, string>> = {
  "gpttrace.explain": "What this script does",
  "gpttrace.explainFinding": "What this finding means",
  "gpttrace.matches": "Probes that match",
};

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const output = vscode.window.createOutputChannel("GPTtrace", { log: true });
  const [history, status, words] = [new History(), new StatusItems(), new Words()];
  const panel = new Panel(context.extensionUri, history, async (request: Request) => {
    await answer(request, history, living);
    if (request.type === "forget") panel.show();
  });
  const attend = () => {
    const editor = vscode.window.activeTextEditor;
    status.attend(editor);
    const going = editor !== undefined && history.running(String(editor.document.uri)) !== undefined;
    void vscode.commands.executeCommand("setContext", "gpttrace.running", going);
  };
  const ran = (told: Run) => {
    panel.update(history.update(told));
    attend();
  };
  const living = new Server(output, {
    run: ran,
    status: (told) => status.show(told),
    done: (command, result) => void present(command, result, panel, words),
    gone: () => {
      history.close("The language server stopped while this ran; what was found until then is below.");
      panel.show(null);
      attend();
    },
  });
  server = living;
  context.subscriptions.push(output, status, words.register(), panel.register(), ...registerCommands(living, history, panel));
  context.subscriptions.push(vscode.window.onDidChangeActiveTextEditor(attend), ...restarts(living, context));
  await vscode.commands.executeCommand("setContext", "gpttrace.active", true);
  attend();
  void living.restart();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

/** Show what one of the server's commands gave, wherever it was started. */
async function present(command: string, result: unknown, panel: Panel, words: Words): Promise<void> {
  if (typeof result !== "object" || result === null) return;
  if (command === "gpttrace.run" && "id" in result) await panel.reveal(String(result.id));
  const title = PAGES[command];
  if (title !== undefined && "markdown" in result) await words.show(title, String(result.markdown));
}

/** Restart the server when what decides where it is changes. */
function restarts(server: Server, context: vscode.ExtensionContext): vscode.Disposable[] {
  void onPythonChange(() => void server.restart()).then((each) => each && context.subscriptions.push(each));
  return [
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("gpttrace.server")) void server.restart();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void server.restart()),
  ];
}
