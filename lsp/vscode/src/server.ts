/** The language server's life: found, started, restarted; every way in which that fails ends in a message with buttons. */

import { homedir } from "node:os";
import * as vscode from "vscode";
import { CloseAction, ErrorAction, ExecuteCommandRequest, type LanguageClientOptions } from "vscode-languageclient/node";
import { Complaints } from "./complaints.ts";
import { findServer, type Found } from "./finding.ts";
import { thisMachine } from "./machine.ts";
import type { Run, Status } from "./protocol.ts";
import { selectedPython } from "./python.ts";
import { QuietClient } from "./quiet.ts";
import { Stops } from "./stops.ts";

/** What the rest of the extension wants to hear of. */
export interface Listener {
  run(told: Run): void;
  status(status: Status): void;
  /** The result of one of the server's commands, wherever it was started from. */
  done(command: string, result: unknown): void;
  gone(): void;
}

export class Server {
  private client: QuietClient | undefined;
  private connected = false;
  private starting: Promise<void> = Promise.resolve();
  private readonly stops = new Stops();
  private readonly complaints: Complaints;

  constructor(
    readonly output: vscode.LogOutputChannel,
    private readonly listener: Listener,
  ) {
    this.complaints = new Complaints({ restart: () => this.restart(), showOutput: () => output.show() });
  }

  /** Start it, or stop and start it again. One after the other, however often this is called. */
  restart(): Promise<void> {
    this.stops.forget();
    this.starting = this.starting.then(async () => {
      await this.halt();
      await this.start();
    });
    return this.starting;
  }

  /** Stop it. */
  async stop(): Promise<void> {
    await this.starting;
    await this.halt();
  }

  /** Carry out one of the server's commands; undefined when there is no server, which is then said. */
  async ask(command: string, ...args: unknown[]): Promise<unknown> {
    await this.starting;
    if (this.client?.isRunning() !== true) {
      void this.complaints.show("GPTtrace's language server is not running.");
      return undefined;
    }
    const result = await this.client.sendRequest(ExecuteCommandRequest.type, { command, arguments: args });
    this.listener.done(command, result);
    return result;
  }

  private async start(): Promise<void> {
    this.listener.status({ text: "gpttrace: starting", detail: "The language server is being started.", level: "ok" });
    const found = await findServer(thisMachine, await wanted());
    if ("tried" in found) {
      found.tried.forEach((line) => this.output.warn(line));
      this.failed("not found", `GPTtrace's language server was not found. Looked at ${found.tried.join("; ")}.`, true);
      return;
    }
    this.output.info(`starting ${[found.command, ...found.args].join(" ")} (from ${found.from})`);
    const client = new QuietClient(executable(found), this.options());
    this.client = client;
    client.onNotification("gpttrace/run", (told: Run) => this.listener.run(told));
    client.onNotification("gpttrace/status", (status: Status) => this.listener.status(status));
    try {
      await client.start();
      await this.connect(true);
    } catch (error) {
      this.failed("did not start", `GPTtrace's language server did not start: ${client.why || String(error)}`);
    }
  }

  private async halt(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await this.connect(false);
    this.listener.gone();
    await client?.dispose(2000).catch((error: unknown) => this.output.info(`stopping the server: ${String(error)}`));
  }

  private async connect(connected: boolean): Promise<void> {
    this.connected = connected;
    await vscode.commands.executeCommand("setContext", "gpttrace.connected", connected);
  }

  private options(): LanguageClientOptions {
    return {
      documentSelector: [
        { scheme: "file", language: "bpftrace" },
        { scheme: "untitled", language: "bpftrace" },
      ],
      synchronize: { configurationSection: "gpttrace" },
      initializationOptions: { panel: true },
      outputChannel: this.output,
      initializationFailedHandler: () => false,
      errorHandler: {
        error: () => ({ action: ErrorAction.Continue, handled: true }),
        closed: () => ({ action: this.closed() ? CloseAction.Restart : CloseAction.DoNotRestart, handled: true }),
      },
      middleware: {
        // Lenses and code actions of the server come through here; its own commands are VS Code commands, too.
        executeCommand: async (command, args, next) => {
          const result: unknown = await next(command, args);
          this.listener.done(command, result);
          return result;
        },
      },
    };
  }

  /** Return whether a server that went away shall come again. */
  private closed(): boolean {
    this.listener.gone();
    if (!this.connected) return false; // a start that fails is told where it was tried
    if (!this.stops.tooMany(Date.now())) return true;
    this.failed("stopped", `GPTtrace's language server stopped several times and is not started again. ${this.client?.why ?? ""}`);
    return false;
  }

  private failed(word: string, message: string, missing = false): void {
    this.output.error(message);
    this.listener.status({ text: `gpttrace: ${word}`, detail: message, level: "error" });
    void this.complaints.show(message, missing);
  }
}

function executable({ command, args }: Found) {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  return { command, args: [...args], options: folder?.scheme === "file" ? { cwd: folder.fsPath } : {} };
}

async function wanted() {
  const settings = vscode.workspace.getConfiguration("gpttrace.server");
  return {
    path: settings.get<string>("path", ""),
    args: settings.get<string[]>("args", []),
    python: vscode.workspace.isTrusted ? await selectedPython() : undefined,
    home: homedir(),
    folder: vscode.workspace.workspaceFolders?.[0]?.uri.fsPath,
  };
}
