// Reads a JSON list of programs on standard input and prints, for each, its tokens as VS Code's own grammar engine cuts them:
// [line, start, end, "scope scope …"], lines from 0, columns in UTF-16 units.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const oniguruma = require("vscode-oniguruma");
const textmate = require("vscode-textmate");

const wasm = readFileSync(join(dirname(require.resolve("vscode-oniguruma")), "onig.wasm"));
await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
const path = join(here, "../syntaxes/bpftrace.tmLanguage.json");
const registry = new textmate.Registry({
  onigLib: Promise.resolve({
    createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
    createOnigString: (text) => new oniguruma.OnigString(text),
  }),
  loadGrammar: async (name) =>
    name === "source.bpftrace" ? textmate.parseRawGrammar(readFileSync(path, "utf8"), path) : null,
});
const grammar = await registry.loadGrammar("source.bpftrace");

function tokens(program) {
  let state = textmate.INITIAL;
  return program.split("\n").flatMap((text, line) => {
    const cut = grammar.tokenizeLine(text, state);
    state = cut.ruleStack;
    return cut.tokens.map((each) => [line, each.startIndex, each.endIndex, each.scopes.slice(1).join(" ")]);
  });
}

const programs = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(programs.map(tokens)));
