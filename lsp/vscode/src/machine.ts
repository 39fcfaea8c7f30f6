/** This machine, as the search for the server sees it. */

import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import type { Machine } from "./finding.ts";

const LONGEST_MS = 20_000;

export const thisMachine: Machine = {
  run(command, args) {
    return new Promise((resolve) => {
      const done = (error: Error | null, stdout: string, stderr: string) => {
        const code = error === null ? 0 : "code" in error && typeof error.code === "number" ? error.code : null;
        resolve({ code, output: stdout + stderr });
      };
      try {
        execFile(command, [...args], { timeout: LONGEST_MS, maxBuffer: 1 << 20 }, done).stdin?.end();
      } catch {
        resolve({ code: null, output: "" }); // a path with a NUL byte in it
      }
    });
  },

  onPath(name) {
    const folders = isAbsolute(name) ? [""] : (process.env["PATH"] ?? "").split(delimiter).filter(isAbsolute);
    return folders.map((folder) => join(folder, name)).find(isProgram);
  },
};

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
