// The client's parts without VS Code: where the server is looked for, how often it is started again, what is kept of runs.

import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findServer, type Wanted } from "../../lsp/vscode/src/finding.ts";
import { History } from "../../lsp/vscode/src/history.ts";
import { thisMachine } from "../../lsp/vscode/src/machine.ts";
import { Stops } from "../../lsp/vscode/src/stops.ts";

const PYTHON = process.env["GPTTRACE_TEST_PYTHON"] ?? "";
const folder = mkdtempSync(join(tmpdir(), "gpttrace-finding-"));
test.after(() => rmSync(folder, { recursive: true }));

/** Write a program of our own that is found instead of a real one. */
function program(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const GOOD = program("good", 'echo "Usage: the language server of bpftrace scripts"');
const OLD = program("old", 'echo "usage: GPTtrace [-h]"');
const BROKEN = program("broken", 'echo "Traceback" >&2; echo "ImportError: pygls" >&2; exit 3');
const EMPTY: Wanted = { path: "", args: [], python: undefined, home: folder, folder: undefined };
const on = (path: string | undefined) => ({ ...thisMachine, onPath: () => path });
const find = (wanted: Partial<Wanted>, path?: string) => findServer(on(path), { ...EMPTY, ...wanted });

test("a command that was set is taken, with its own arguments when there are some", async () => {
  assert.deepEqual(await find({ path: GOOD }), { command: GOOD, args: ["lsp"], from: "gpttrace.server.path" });
  const found = await find({ path: "~/good", args: ["-n", "gpttrace", "lsp"] });
  assert.deepEqual(found, { command: GOOD, args: ["-n", "gpttrace", "lsp"], from: "gpttrace.server.path" });
  assert.ok("command" in (await find({ path: "${workspaceFolder}/good", folder })));
});

test("a command that was set and does not work is said, and no other one is taken in its place", async () => {
  assert.deepEqual(await find({ path: "/nowhere/gpttrace" }, GOOD), { tried: ["gpttrace.server.path: /nowhere/gpttrace lsp could not be started"] });
  assert.deepEqual(await find({ path: BROKEN }, GOOD), { tried: [`gpttrace.server.path: ${BROKEN} lsp ended with code 3: ImportError: pygls`] });
});

test("without a setting the interpreter comes before PATH, and each that will not do is named", async () => {
  const missing = await find({ python: "/nowhere/python" });
  assert.ok("tried" in missing);
  assert.match(missing.tried.join("\n"), /interpreter \/nowhere\/python could not be asked.*\n.*there is no gpttrace/);
  assert.deepEqual(await find({}, GOOD), { command: GOOD, args: ["lsp"], from: GOOD });
  const older = await find({}, OLD);
  assert.ok("tried" in older && older.tried[1] === `${OLD} is another program, or an older gpttrace without a language server`);
});

test("an interpreter that lacks a package is told by its name", async () => {
  const lacking = program("python", 'echo "pygls" >&2; exit 1');
  const found = await find({ python: lacking });
  assert.ok("tried" in found && found.tried[0] === `the Python extension's interpreter ${lacking} has no pygls`);
});

test("the interpreter of these tests has the server, and a gpttrace.py in the open folder is not it", { skip: PYTHON === "" }, async () => {
  writeFileSync(join(folder, "gpttrace.py"), "raise SystemExit('not me')");
  const before = process.cwd();
  process.chdir(folder);
  try {
    const found = await find({ python: PYTHON });
    assert.ok("command" in found, JSON.stringify(found));
    const said = await thisMachine.run(found.command, [...found.args, "--help"]);
    assert.equal(said.code, 0, said.output);
    assert.match(said.output, /language server/i);
  } finally {
    process.chdir(before);
  }
});

test("PATH is looked through for programs only, and a program that cannot be started is no failure", async () => {
  assert.equal(thisMachine.onPath("sh")?.endsWith("/sh"), true);
  assert.equal(thisMachine.onPath("no-such-program-here"), undefined);
  assert.equal(thisMachine.onPath(folder), undefined);
  assert.equal((await thisMachine.run("a\0b", [])).code, null);
  assert.deepEqual(await thisMachine.run(BROKEN, []), { code: 3, output: "Traceback\nImportError: pygls\n" });
});

test("the server is started again four times in three minutes, and not a fifth time", () => {
  const stops = new Stops();
  const at = [0, 1, 2, 3, 4].map((second) => stops.tooMany(second * 1000));
  assert.deepEqual(at, [false, false, false, false, true]);
  assert.equal(stops.tooMany(600_000), false);
});

test("what the server leaves out of a message about a run stays as it was", () => {
  const history = new History();
  history.update({ id: "r1", uri: "file:///a.bt", state: "running", rows: 3, warnings: ["w"] });
  const run = history.update({ id: "r1", state: "ended", rows: 4 });
  assert.deepEqual([run.uri, run.rows, run.warnings, run.tables], ["file:///a.bt", 4, ["w"], []]);
  assert.equal(history.running("file:///a.bt"), undefined);
});

test("old runs are forgotten, those that go are not", () => {
  const history = new History();
  history.update({ id: "first", uri: "file:///a.bt", state: "running" });
  for (let i = 0; i < 40; i++) history.update({ id: `r${i}`, state: "ended" });
  assert.equal(history.all().length, 20);
  assert.equal(history.running("file:///a.bt")?.id, "first");
  history.forget("first");
  assert.ok(history.get("first"));
  history.forget("r39");
  assert.equal(history.get("r39"), undefined);
});

test("when the server is gone its runs have ended, and those of the next one are others", () => {
  const history = new History();
  history.update({ id: "r1", state: "running", rows: 5 });
  history.close("gone");
  history.update({ id: "r1", state: "starting" });
  assert.deepEqual(history.all().map(({ state, rows, message }) => [state, rows, message]), [["failed", 5, "gone"], ["starting", 0, ""]]);
});
