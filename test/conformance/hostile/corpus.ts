import { readdirSync, readFileSync } from 'node:fs';

/**
 * An entry of a family. In a file, entries are separated by empty lines, and `#` begins a comment:
 *
 *     What the attack is (the RFC, CVE or CWE that it is about)
 *     > bytes to send; `|` is CRLF, `\x00` a byte, `{x*9}` nine times `x`
 *     ~ wait until the upstream has received these bytes
 *     < statuses with problem codes in order, then whether the connection is `open` or `closed`
 *     = a request that the upstream gets: its request line without the version, its fields beside those that every
 *       request has, and its body without framing; or `cut` for a request that the gateway aborts
 *
 * Without a `=`, nothing reaches the upstream.
 */
export interface Attack {
  /** The file and the line of its title. */
  readonly at: string;
  readonly title: string;
  /** Bytes to send, and what the upstream must have received before those after it. */
  readonly steps: readonly ({ readonly send: string } | { readonly await: string })[];
  /** Statuses with problem codes, in order. */
  readonly answers: readonly string[];
  readonly end: 'open' | 'closed';
  /** Requests that reach the upstream, or `cut` for one that is aborted. */
  readonly forwarded: readonly string[];
}

const FOLDER = new URL('.', import.meta.url);
const REFERENCE = /\((?:[^()]*\b(?:RFC \d+|CVE-\d+-\d+|CWE-\d+)\b[^()]*)\)$/;

/** @returns the families by name */
export function readCorpus(): Record<string, Attack[]> {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'));
  return Object.fromEntries(files.map((name) => [name.replace('.txt', ''), readFamily(name)]));
}

function readFamily(file: string): Attack[] {
  const attacks: Attack[] = [];
  let lines: string[] = [];
  for (const [index, line] of [...readFileSync(new URL(file, FOLDER), 'utf8').split('\n'), ''].entries()) {
    if (line.startsWith('#')) continue;
    if (line !== '') lines.push(line);
    else if (lines.length > 0) {
      attacks.push(readAttack(`${file}:${index - lines.length + 1}`, lines));
      lines = [];
    }
  }
  return attacks;
}

function readAttack(at: string, [title = '', ...lines]: readonly string[]): Attack {
  if (!REFERENCE.test(title)) throw new Error(`${at}: no reference: ${title}`);
  const steps: ({ send: string } | { await: string })[] = [];
  const forwarded: string[] = [];
  let outcome: string[] = [];
  for (const line of lines) {
    const text = line.slice(2);
    if (line.startsWith('> ')) steps.push({ send: bytesOf(text) });
    else if (line.startsWith('~ ')) steps.push({ await: bytesOf(text) });
    else if (line.startsWith('< ')) outcome = text.split(', ');
    else if (line.startsWith('= ')) forwarded.push(bytesOf(text));
    else throw new Error(`${at}: unknown line: ${line}`);
  }
  const end = outcome.at(-1);
  if (end !== 'open' && end !== 'closed') throw new Error(`${at}: no outcome`);
  return { at, title, steps, answers: outcome.slice(0, -1), end, forwarded };
}

const ESCAPE = /\\(?:x([0-9a-f]{2})|([rnt0\\]))|\{([^{}*]+)\*(\d+)\}|\|/g;
const CONTROLS: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', '0': '\0', '\\': '\\' };

/** @returns one character for each byte */
export function bytesOf(notation: string): string {
  return notation.replace(ESCAPE, (_, hex?: string, control?: string, part?: string, times?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    if (control !== undefined) return CONTROLS[control] ?? '';
    return part === undefined ? '\r\n' : bytesOf(part).repeat(Number(times));
  });
}
