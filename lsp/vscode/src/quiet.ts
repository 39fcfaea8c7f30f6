/** The protocol's client, without its own pop-ups: what fails is said once, by us, with what the server said last. */

import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { LogOutputChannel } from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions } from "vscode-languageclient/node";

export class QuietClient extends LanguageClient {
  /** What the server wrote on standard error since it was started, the last lines of it. */
  readonly lastWords: string[];

  constructor(server: ServerOptions, options: LanguageClientOptions) {
    const words: string[] = [];
    const stderr = (input: Readable, output: LogOutputChannel) => {
      createInterface({ input, crlfDelay: Infinity, terminal: false }).on("line", (line) => {
        output.info(line);
        words.push(line);
        words.splice(0, words.length - 5);
      });
    };
    super("gpttrace", "GPTtrace", server, { ...options, stdioOptions: { stdout: (input) => input.resume(), stderr } });
    this.lastWords = words;
  }

  /** What the server said was wrong with it: our own errors begin with our name, all else is noise. */
  get why(): string {
    return this.lastWords.findLast((line) => line.startsWith("gpttrace: ")) ?? "";
  }

  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}
