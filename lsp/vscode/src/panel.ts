/** The results view: tells the page of runs, and does what its buttons ask for. */

import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import type { History } from "./history.ts";
import { pageHtml } from "./page.ts";
import { isOver, type Message, type Request, type Run } from "./protocol.ts";

export const VIEW = "gpttrace.results";

export class Panel implements vscode.WebviewViewProvider {
  private view: vscode.WebviewView | undefined;
  private selected: string | null = null;

  constructor(
    private readonly folder: vscode.Uri,
    private readonly history: History,
    private readonly answer: (request: Request) => Promise<void>,
  ) {}

  register(): vscode.Disposable {
    return vscode.window.registerWebviewViewProvider(VIEW, this, { webviewOptions: { retainContextWhenHidden: true } });
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    const dist = vscode.Uri.joinPath(this.folder, "dist");
    const address = (file: string) => view.webview.asWebviewUri(vscode.Uri.joinPath(dist, file)).toString();
    view.webview.options = { enableScripts: true, localResourceRoots: [dist] };
    view.webview.onDidReceiveMessage((request: Request) => this.received(request));
    view.onDidDispose(() => (this.view = undefined));
    view.webview.html = pageHtml({
      script: address("webview.js"),
      style: address("webview.css"),
      source: view.webview.cspSource,
      nonce: randomBytes(18).toString("base64url"),
    });
  }

  /** Tell of what changed in a run. */
  update(run: Run): void {
    this.send({ type: "run", run });
  }

  /** Tell of all runs, with one in front. */
  show(selected: string | null = this.selected): void {
    this.selected = selected;
    this.send({ type: "runs", runs: this.history.all(), selected });
  }

  /** Bring the view to the front, without taking the cursor out of the script. */
  async reveal(selected: string | null): Promise<void> {
    this.show(selected);
    if (this.view) this.view.show(true);
    else await vscode.commands.executeCommand(`${VIEW}.focus`, { preserveFocus: true });
  }

  private async received(request: Request): Promise<void> {
    if (request.type === "ready") this.show();
    else await this.answer(request);
  }

  private send(message: Message): void {
    const going = this.history.all().filter((run) => !isOver(run)).length;
    if (this.view) this.view.badge = going > 0 ? { value: going, tooltip: `${going} running` } : undefined;
    void this.view?.webview.postMessage(message);
  }
}
