import { isAlias, isMap, isScalar, isSeq, LineCounter, type Scalar } from 'yaml';
import type { ConfigPath, Position } from '../problem.js';
import { parseText, tooDeepAt } from './parse-text.js';
import { isPem, mayBeMisspeltSecret, withoutUrlSecrets } from './secret-names.js';

const LONGEST_SHOWN = 100;
const HIDDEN = '***';
/** A line of PEM or of another encoding. */
const ENCODED = /^\s*[A-Za-z0-9+/=_-]{32,}\s*$/;
/** A reference without a default, which could be a secret. */
const REFERENCE = /^(["']?)\$\{(?:\w+|file:[^{}]*)\}\1$/;

/** A scalar of the text, from one offset to before another, and what is shown in its place. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly shown?: string;
}

type SpansByLine = ReadonlyMap<number, readonly Span[]>;

/**
 * Shows lines of a YAML text with a caret under the place of a problem, without comments and what may be a secret. The parsed
 * document says what that is, so nothing is shown of a text that cannot be parsed.
 *
 * @returns for a position, `undefined` when there is nothing to show
 */
export function sourceLinesOf(text: string): (position: Position) => string | undefined {
  const lines = new LineCounter();
  let spans: SpansByLine | undefined;
  return ({ line, column }) => {
    spans ??= spansOf(text, lines);
    const start = lines.lineStarts[line - 1];
    if (start === undefined || spans.size === 0) return undefined;
    const next = lines.lineStarts[line];
    const end = next === undefined ? text.length : next - 1;
    const place = Math.min(start + column - 1, end);
    const inside = spans.get(line) ?? [];
    const isHidden = inside.some((span) => {
      const isWithin = place > span.start && place < span.end;
      return span.shown !== undefined && (span.start < start || isWithin);
    });
    if (isHidden) return undefined;
    const all = shownPart(text, inside, start, end);
    if (all.trim() === '' || ENCODED.test(all)) return undefined;
    return excerpt(all, Math.min(shownPart(text, inside, start, place).length, all.length));
  };
}

function excerpt(line: string, caret: number): string {
  const start = line.length > LONGEST_SHOWN ? Math.max(0, caret - LONGEST_SHOWN / 2) : 0;
  const cut = line.slice(start, start + LONGEST_SHOWN).replace(/\r$/, '');
  // A terminal would obey control characters.
  const shown = cut.replaceAll(/[^\P{Cc}\t]/gu, '?');
  return `${shown}\n${shown.slice(0, caret - start).replaceAll(/[^\t]/g, ' ')}^`;
}

/** @returns a part of a line up to its comment, which is what begins with `#` outside of scalars */
function shownPart(text: string, spans: readonly Span[], start: number, end: number): string {
  let part = '';
  let at = start;
  for (const span of [...spans, { start: end, end }]) {
    const between = text.slice(at, Math.min(span.start, end));
    const comment = between.indexOf('#');
    if (comment >= 0) return part + between.slice(0, comment).trimEnd();
    part += between;
    if (span.start >= end) break;
    part += span.shown ?? text.slice(Math.max(span.start, start), Math.min(span.end, end));
    at = span.end;
  }
  return part;
}

/** @returns none for a text that cannot be parsed, and for one with an alias that may name a secret elsewhere */
function spansOf(text: string, lines: LineCounter): SpansByLine {
  const spans = new Map<number, Span[]>();
  if (tooDeepAt(text) !== undefined) return spans;
  const document = parseText(text, lines);
  if (document.errors.length + document.warnings.length > 0) return spans;
  let namesSecret = false;
  const add = (node: Scalar, isSecret: boolean) => {
    if (!node.range) return;
    const [start, end] = node.range;
    const written = text.slice(start, end);
    if (written === '') return;
    const isShown = !isSecret || typeof node.value === 'boolean' || REFERENCE.test(written);
    const shown = isShown ? hideCredentials(written) : HIDDEN;
    const span = shown === written ? { start, end } : { start, end, shown };
    const last = lines.linePos(end - 1).line;
    for (let { line } = lines.linePos(start); line <= last; line++) {
      const onLine = spans.get(line);
      if (onLine) onLine.push(span);
      else spans.set(line, [span]);
    }
  };
  const walk = (node: unknown, path: ConfigPath): void => {
    if (isScalar(node)) add(node, isPem(node.value) || mayBeMisspeltSecret(path));
    else if (isSeq(node)) for (const item of node.items) walk(item, path);
    else if (isAlias(node))
      namesSecret ||= mayBeMisspeltSecret(path) || mayBeMisspeltSecret([...path, node.source]);
    else if (isMap(node)) {
      for (const { key, value } of node.items) {
        const isKeyOnly = value === null || (isScalar(value) && value.value === null);
        // `{text}` is a mapping with a key that has no value.
        if (isScalar(key)) add(key, isKeyOnly && mayBeMisspeltSecret(path));
        walk(value, [...path, isScalar(key) ? String(key.value) : '']);
      }
    }
  };
  walk(document.contents, []);
  return namesSecret ? new Map() : spans;
}

function hideCredentials(written: string): string {
  const [, quote = '', inner = ''] = /^(["']?)(.*?)\1$/s.exec(written) ?? [];
  const shown = withoutUrlSecrets(inner);
  if (shown === inner) return written;
  return written.includes('\n') ? HIDDEN : quote + shown + quote;
}
