import { type Document, Lexer, type LineCounter, parseDocument } from 'yaml';

/** Levels of values inside others. No configuration needs half of them. */
export const MAX_DEPTH = 64;

/** A token of the lexer: a bracket stays open at the end of its block. */
const FLOW_END = '\u0018';
/** Tokens of the lexer that are not part of the text. */
const MARKS: ReadonlySet<string> = new Set(['\u0002', FLOW_END, '\u001f']);

/** @returns the document, with the faults of the text in it */
export function parseText(text: string, lineCounter: LineCounter): Document {
  return parseDocument(text, {
    lineCounter,
    // The library's pretty messages quote the source line, which can contain a secret.
    prettyErrors: false,
    // Also under a `%YAML 1.1` directive: a `no` must never become `false`.
    schema: 'core',
    resolveKnownTags: false,
    stringKeys: true,
    // `readYaml` finds duplicates itself and reports where the first one is.
    uniqueKeys: false,
    logLevel: 'error',
  });
}

/**
 * Finds brackets inside brackets that are too many for the parser: a thousand of them that are never closed keep it busy for
 * seconds, and three thousand for minutes.
 *
 * @returns the offset of the first bracket that is nested too deeply
 */
export function tooDeepAt(text: string): number | undefined {
  let offset = 0;
  let depth = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === '{' || token === '[') depth++;
    if (token === '}' || token === ']') depth = Math.max(0, depth - 1);
    if (token === FLOW_END) depth = 0;
    if (depth > MAX_DEPTH) return offset;
    if (!MARKS.has(token)) offset += token.length;
  }
  return undefined;
}
