/** Where the language server is: the setting, else the Python extension's interpreter, else PATH. Knows nothing of VS Code. */

/** A command that starts the server; `from` says in a few words where it was found. */
export interface Found {
  readonly command: string;
  readonly args: readonly string[];
  readonly from: string;
}

/** Nothing was found; each line says what was looked at and why it would not do. */
export interface Missing {
  readonly tried: readonly string[];
}

/** What a person set. `python` is the interpreter that the Python extension has selected. */
export interface Wanted {
  readonly path: string;
  readonly args: readonly string[];
  readonly python: string | undefined;
  readonly home: string;
  readonly folder: string | undefined;
}

/** The machine that is looked at. `run` never fails: a program that cannot be started has the code null. */
export interface Machine {
  run(command: string, args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }>;
  onPath(name: string): string | undefined;
}

const NEEDED = ["gpttrace", "gpttrace_lsp", "pygls"];
// `-P`: a folder with a gpttrace.py in it must not become the server because it is open.
const LOOK = `import importlib.util as u, sys; sys.exit(next((n for n in ${JSON.stringify(NEEDED)} if u.find_spec(n) is None), 0))`;
const START = "from gpttrace.cli import main; main()";
const OURS = /language server/i;

/** Return the first command that works. A command that was set is the only one that is tried. */
export async function findServer(machine: Machine, wanted: Wanted): Promise<Found | Missing> {
  if (wanted.path.trim() !== "") return fromSetting(machine, wanted);
  const tried: string[] = [];
  for (const look of [fromPython, fromPath]) {
    const found = await look(machine, wanted);
    if (typeof found !== "string") return found;
    tried.push(found);
  }
  return { tried };
}

async function fromSetting(machine: Machine, wanted: Wanted): Promise<Found | Missing> {
  const command = expanded(wanted.path.trim(), wanted);
  const args = wanted.args.length > 0 ? [...wanted.args] : ["lsp"];
  const why = await helpFault(machine, command, args);
  if (why !== undefined) return { tried: [`gpttrace.server.path: ${[command, ...args].join(" ")} ${why}`] };
  return { command, args, from: "gpttrace.server.path" };
}

async function fromPython(machine: Machine, { python }: Wanted): Promise<Found | string> {
  if (python === undefined) return "the Python extension: it is not installed, or has no interpreter selected";
  const { code, output } = await machine.run(python, ["-P", "-c", LOOK]);
  if (code === 0) return { command: python, args: ["-P", "-c", START, "lsp"], from: `the interpreter ${python}` };
  const missing = NEEDED.find((name) => output.trim().endsWith(name));
  const why = missing !== undefined ? `has no ${missing}` : "could not be asked; GPTtrace needs Python 3.11 or newer";
  return `the Python extension's interpreter ${python} ${why}`;
}

async function fromPath(machine: Machine, { home }: Wanted): Promise<Found | string> {
  // Where pipx and pip put it; a desktop's PATH often lacks that folder.
  const command = machine.onPath("gpttrace") ?? machine.onPath(`${home}/.local/bin/gpttrace`);
  if (command === undefined) return "PATH and ~/.local/bin: there is no gpttrace";
  const why = await helpFault(machine, command, ["lsp"]);
  return why === undefined ? { command, args: ["lsp"], from: command } : `${command} ${why}`;
}

async function helpFault(machine: Machine, command: string, args: readonly string[]): Promise<string | undefined> {
  const { code, output } = await machine.run(command, [...args, "--help"]);
  if (code === null) return "could not be started";
  if (code !== 0) return `ended with code ${code}: ${output.trim().split("\n").at(-1) ?? ""}`;
  return OURS.test(output) ? undefined : "is another program, or an older gpttrace without a language server";
}

function expanded(path: string, { home, folder }: Wanted): string {
  const inHome = path.replace(/^~(?=\/)/, home);
  return folder === undefined ? inHome : inHome.replace("${workspaceFolder}", folder);
}
