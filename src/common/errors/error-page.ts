import { createHash } from 'node:crypto';

const STYLE = `
:root { color-scheme: light dark; --text: #1c2430; --muted: #5b6675; --page: #f6f7f9; --line: #d8dde4; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6e9ee; --muted: #9aa5b4; --page: #14181e; --line: #2c333d; }
}
body {
  margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; box-sizing: border-box;
  background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif;
}
main { width: 100%; max-width: 34rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 0.75rem; font-size: 1.75rem; line-height: 1.2; font-weight: 600; }
h1 span { color: var(--muted); font-weight: 400; }
p { margin: 0 0 0.5rem; }
p:empty { display: none; }
footer { margin-top: 1.5rem; padding-top: 0.75rem; border-top: 1px solid var(--line); color: var(--muted); font-size: 0.875rem; }
code { font: 0.9375em ui-monospace, monospace; }
`;

/** What a person sees of an error: no script, and nothing from elsewhere. */
export const ERROR_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{status} {reason}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1><span>{status}</span> {reason}</h1>
<p>{title}.</p>
<p>{detail}</p>
<footer>Request <code>{requestId}</code>, error <code>{code}</code></footer>
</main>
</body>
</html>
`;

/** Allows the style above and nothing else. */
export const ERROR_PAGE_POLICY = [
  `default-src 'none'`,
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  `base-uri 'none'`,
  `form-action 'none'`,
  `frame-ancestors 'self'`,
].join(';');
