/** What the server says of itself, in the status bar and beside the language's name. */

import * as vscode from "vscode";
import type { Status } from "./protocol.ts";

export class StatusItems implements vscode.Disposable {
  private readonly bar = vscode.window.createStatusBarItem("gpttrace.bar", vscode.StatusBarAlignment.Right, 90);
  private readonly item = vscode.languages.createLanguageStatusItem("gpttrace.status", { language: "bpftrace" });

  constructor() {
    this.bar.name = this.item.name = "GPTtrace";
    this.bar.command = "gpttrace.showOutput";
    this.item.command = { command: "gpttrace.restartServer", title: "Restart" };
    this.show({ text: "gpttrace", detail: "", level: "ok" });
  }

  show({ text, detail, level }: Status): void {
    const mark = { ok: "$(pulse)", warning: "$(warning)", error: "$(error)" }[level];
    this.bar.text = `${mark} ${text}`;
    this.bar.tooltip = new vscode.MarkdownString(detail || text);
    this.bar.accessibilityInformation = { label: `GPTtrace: ${text}`, role: "button" };
    this.bar.backgroundColor = level === "error" ? new vscode.ThemeColor("statusBarItem.errorBackground") : undefined;
    this.item.text = text;
    this.item.detail = detail.replace(/[*`]/g, "").split("\n")[0] ?? "";
    this.item.severity = vscode.LanguageStatusSeverity[level === "ok" ? "Information" : level === "warning" ? "Warning" : "Error"];
  }

  /** Show the bar's item with a script in front only. */
  attend(editor: vscode.TextEditor | undefined): void {
    if (editor?.document.languageId === "bpftrace") this.bar.show();
    else this.bar.hide();
  }

  dispose(): void {
    this.bar.dispose();
    this.item.dispose();
  }
}
