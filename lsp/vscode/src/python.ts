/** The interpreter that the Python extension has selected; that extension is not needed. */

import * as vscode from "vscode";

interface Environments {
  getActiveEnvironmentPath(resource?: vscode.Uri): { readonly path: string };
  resolveEnvironment(path: { readonly path: string }): Promise<{ readonly executable: { readonly uri?: vscode.Uri } } | undefined>;
  readonly onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
}

/** Return the path of the interpreter; undefined without the extension, or when it has none. */
export async function selectedPython(): Promise<string | undefined> {
  try {
    const environments = await api();
    const path = environments?.getActiveEnvironmentPath(vscode.workspace.workspaceFolders?.[0]?.uri);
    if (environments === undefined || path === undefined) return undefined;
    return (await environments.resolveEnvironment(path))?.executable.uri?.fsPath;
  } catch {
    return undefined; // an extension that fails is none
  }
}

/** Call back when another interpreter is selected. */
export async function onPythonChange(changed: () => void): Promise<vscode.Disposable | undefined> {
  return (await api().catch(() => undefined))?.onDidChangeActiveEnvironmentPath(changed);
}

async function api(): Promise<Environments | undefined> {
  const extension = vscode.extensions.getExtension<{ readonly environments?: Environments }>("ms-python.python");
  return (await extension?.activate())?.environments;
}
