/** Messages about a server that is missing or does not work, each with what can be done about it. */

import * as vscode from "vscode";

const INSTALL = "pipx install 'gpttrace[lsp]'";

/** What the buttons do that only the server's owner can. */
export interface Remedies {
  restart(): Promise<void>;
  showOutput(): void;
}

export class Complaints {
  private open = false;

  constructor(private readonly remedies: Remedies) {}

  /** Show a message, one at a time: a server that dies while it starts is a failed start and a stop at once. */
  async show(message: string, missing = false): Promise<void> {
    if (this.open) return;
    this.open = true;
    const [install, retry, settings, output] = ["Copy Install Command", "Retry", "Open Settings", "Show Output"] as const;
    const buttons = missing ? [install, settings, retry] : [retry, output, settings];
    const chosen = await vscode.window.showErrorMessage(message, ...buttons);
    this.open = false;
    if (chosen === retry) await this.remedies.restart();
    else if (chosen === output) this.remedies.showOutput();
    else if (chosen === settings) await vscode.commands.executeCommand("workbench.action.openSettings", "gpttrace.server");
    else if (chosen === install) await copyInstall();
  }
}

async function copyInstall(): Promise<void> {
  await vscode.env.clipboard.writeText(INSTALL);
  const restart = "Restart the Server";
  const message = `Copied: ${INSTALL}. Run it in a terminal, then restart the server.`;
  if ((await vscode.window.showInformationMessage(message, restart)) === restart) {
    await vscode.commands.executeCommand("gpttrace.restartServer");
  }
}
