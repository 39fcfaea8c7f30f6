// Bundles the extension into dist/: one file for the editor's side, one and its style for the results page.
import { build } from "esbuild";

const shared = { bundle: true, minify: true, sourcemap: false, legalComments: "none", logLevel: "warning" };
await build({
  ...shared,
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  platform: "node",
  format: "cjs",
  target: "node20",
  external: ["vscode"],
});
await build({
  ...shared,
  entryPoints: { webview: "webview/main.ts" },
  outdir: "dist",
  platform: "browser",
  format: "iife",
  target: "chrome120",
});
await build({ ...shared, entryPoints: { webview: "webview/style.css" }, outdir: "dist" });
