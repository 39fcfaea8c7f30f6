/** The commands of the palette, the buttons and the keys; the server's own ones have other names. */

import * as vscode from "vscode";
import type { History } from "./history.ts";
import type { Panel } from "./panel.ts";
import { runSeconds } from "./requests.ts";
import type { Server } from "./server.ts";

const EXAMPLE = `#!/usr/bin/env bpftrace
// System calls by program.

tracepoint:raw_syscalls:sys_enter
{
	@[comm] = count();
}
`;

type Action = (...args: never[]) => unknown;

export function registerCommands(server: Server, history: History, panel: Panel): vscode.Disposable[] {
  const actions: Record<string, Action> = {
    runFile: async (uri?: vscode.Uri) => run(server, await script(uri)),
    runFor: async (uri?: vscode.Uri) => {
      const seconds = await askSeconds();
      if (seconds !== undefined) await run(server, await script(uri), seconds);
    },
    stopFile: async (uri?: vscode.Uri) => {
      const going = history.running(String((await script(uri))?.uri));
      if (going) await server.ask("gpttrace.stop", going.id);
    },
    verifyFile: () => onScript((document) => server.ask("gpttrace.verify", String(document.uri))),
    explainFile: () => onScript((document) => server.ask("gpttrace.explain", String(document.uri))),
    matchesHere: () => onScript(({ uri }, { line, character }) => server.ask("gpttrace.matches", String(uri), { line, character })),
    generateHere: () => onScript(({ uri }, { line }) => server.ask("gpttrace.generate", String(uri), { line })),
    newFile: async () =>
      vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ language: "bpftrace", content: EXAMPLE })),
    showResults: () => panel.reveal(history.all().at(-1)?.id ?? null),
    restartServer: () => server.restart(),
    showOutput: () => server.output.show(),
  };
  return Object.entries(actions).map(([name, action]) => vscode.commands.registerCommand(`gpttrace.${name}`, action));
}

async function run(server: Server, document: vscode.TextDocument | undefined, seconds?: number): Promise<void> {
  if (document === undefined) return;
  await server.ask("gpttrace.run", String(document.uri), { seconds: seconds ?? runSeconds(document.uri) });
}

// The button of a tab gives its file, which need not be the one in front.
async function script(uri: vscode.Uri | undefined): Promise<vscode.TextDocument | undefined> {
  const active = vscode.window.activeTextEditor?.document;
  const document = uri instanceof vscode.Uri ? await vscode.workspace.openTextDocument(uri) : active;
  return document?.languageId === "bpftrace" ? document : undefined;
}

async function onScript(action: (document: vscode.TextDocument, at: vscode.Position) => Promise<unknown>): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.languageId === "bpftrace") await action(editor.document, editor.selection.active);
}

async function askSeconds(): Promise<number | undefined> {
  const given = await vscode.window.showInputBox({
    prompt: "For how many seconds?",
    value: "30",
    validateInput: (text) => (Number(text) > 0 && Number(text) <= 86_400 ? undefined : "A number from 0.1 to 86400"),
  });
  return given === undefined ? undefined : Number(given);
}
