import type { Position } from '../problem.js';

const LONGEST_SHOWN = 100;
const SECRET_KEY = String.raw`(?:secret|passw\w*|pwd|token|authorization|cookie|api-?key|(?<![\w-])key)["']?[ \t]*:`;
/** What a rate limit counts by is also called `key`. */
const LIMIT_KEY = String.raw`(?:ip|user|route|header:[\w-]+)[ \t]*(?:[,}\]#]|\r?$)`;
/** A secret up to the end of its line, because only a parser knows where it ends. A mapping or a reference is none. */
const SECRET = new RegExp(
  String.raw`(${SECRET_KEY}[ \t]*)(?=[^ \t\r])(?![{[#]|${LIMIT_KEY}|["']?\$\{[^{}]*\}["']?[ \t]*(?:[,}\]#]|\r?$)).*`,
  'i',
);
const HAS_SECRET = new RegExp(SECRET_KEY, 'i');
const CREDENTIALS = /([a-z][a-z0-9+.-]*:\/{0,2})[^\s"'{}]*@/gi;
/** A line of PEM or of another encoding. */
const ENCODED = /^\s*[A-Za-z0-9+/=_-]{32,}\s*$/;

/**
 * The line of a problem with a caret under its column. Secrets are hidden, also those that stand below their key.
 * @returns `undefined` when there is nothing to show, or the column would be behind a secret
 */
export function sourceLine(text: string, { line, column }: Position): string | undefined {
  const lines = text.split('\n', line);
  const written = lines[line - 1];
  if (written === undefined || written.trim() === '' || isInsideSecret(lines)) return undefined;
  const all = hideSecrets(written);
  const before = hideSecrets(written.slice(0, column - 1));
  if (before.endsWith('***')) return undefined;
  const caret = Math.min(before.length, all.length);
  const start = all.length > LONGEST_SHOWN ? Math.max(0, caret - LONGEST_SHOWN / 2) : 0;
  const shown = all.slice(start, start + LONGEST_SHOWN);
  return `${shown}\n${shown.slice(0, caret - start).replaceAll(/[^\t]/g, ' ')}^`;
}

function hideSecrets(line: string): string {
  const hidden = line.replace(SECRET, '$1***').replaceAll(CREDENTIALS, '$1***@');
  // A terminal would obey control characters.
  return hidden.replace(/\r$/, '').replaceAll(/[^\P{Cc}\t]/gu, '?');
}

/** Whether the last line continues a secret: the lines above that are less indented lead to its key. */
function isInsideSecret(lines: readonly string[]): boolean {
  const last = lines.at(-1) ?? '';
  if (ENCODED.test(last)) return true;
  let indent = indentOf(last);
  for (const line of lines.slice(0, -1).toReversed()) {
    if (line.trim() === '' || indentOf(line) >= indent) continue;
    if (HAS_SECRET.test(line) && !/[{[]/.test(line)) return true;
    indent = indentOf(line);
  }
  return false;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
