/** The page that holds the results: nothing from anywhere else, and no script but ours. */

export interface Addresses {
  readonly script: string;
  readonly style: string;
  /** What may be read from: the webview's own source. */
  readonly source: string;
  readonly nonce: string;
}

export function pageHtml({ script, style, source, nonce }: Addresses): string {
  const policy = `default-src 'none'; style-src ${source}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${style}">
<title>GPTtrace results</title>
</head>
<body>
<main id="results"></main>
<div id="said" role="status" aria-live="polite" class="unseen"></div>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>`;
}
