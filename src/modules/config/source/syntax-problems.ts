import { type Document, isNode, type LineCounter, visit, type YAMLError } from 'yaml';
import type { ConfigProblem } from '../problem.js';

/** For each of them, the document can be searched. Later ones are hardly more than consequences. */
const MAX_FAULTS = 100;

/**
 * What is wrong with text that is not YAML, in words that need no knowledge of the grammar. The library's own messages are
 * not used: they name its tokens, and some quote the text, which can be a secret.
 *
 * @returns the first fault of each line. Unexpected tokens after the first fault are its consequence, not another fault
 */
export function syntaxProblems(
  faults: readonly YAMLError[],
  text: string,
  document: Document,
  lines: LineCounter,
): ConfigProblem[] {
  const problems = new Map<number, ConfigProblem>();
  for (const fault of faults.toSorted((a, b) => a.pos[0] - b.pos[0]).slice(0, MAX_FAULTS)) {
    const end = unclosed(fault);
    const start = end === undefined ? undefined : startOfUnclosed(end, document, text);
    const offset = start ?? fault.pos[0];
    const { line, col: column } = lines.linePos(offset);
    const isConsequence = problems.size > 0 && fault.message.includes('token in YAML stream');
    if (isConsequence || problems.has(line)) continue;
    problems.set(line, { path: '', line, column, message: describe(fault) });
  }
  return [...problems.values()];
}

/** @returns the quote or bracket that ends the text, list or mapping that the fault finds open */
function unclosed({ message }: YAMLError): string | undefined {
  return /^Missing closing (['"])|end with a ([}\]])/.exec(message)?.slice(1).find(Boolean);
}

/** @returns where the innermost value begins that should end with this character */
function startOfUnclosed(end: string, document: Document, text: string): number | undefined {
  const start = { '}': '{', ']': '[' }[end] ?? end;
  let found: number | undefined;
  visit(document, (_, node) => {
    if (!isNode(node) || !node.range) return;
    const [from, to] = node.range;
    const isClosed = to - from > 1 && text[to - 1] === end;
    if (text[from] === start && !isClosed) found = from;
  });
  return found;
}

function describe({ code, message }: YAMLError): string {
  if (message.endsWith('end with a }')) return 'found a { that is never closed';
  if (message.endsWith('end with a ]')) return 'found a [ that is never closed';
  switch (code) {
    case 'MULTIPLE_DOCS':
      return 'found a second YAML document, expected one in a file';
    case 'RESOURCE_EXHAUSTION':
      return 'nested too deeply to be read';
    case 'NON_STRING_KEY':
      return 'found a mapping, a list or an alias as a key, expected a plain name';
    case 'TAB_AS_INDENT':
      return 'found a tab at the start of a line; YAML is indented with spaces';
    case 'BAD_INDENT':
      if (!message.includes('same column')) return asIs(message);
      return 'this line starts in another column than the keys or items that it stands among';
    case 'BLOCK_AS_IMPLICIT_KEY':
      if (message.includes('sequence'))
        return 'found a list item in another column than the others, or among the keys of a mapping';
      return 'found a second `key: value` on one line; text with ": " in it needs quotes, and a nested key belongs on a line of its own';
    case 'BLOCK_IN_FLOW':
      return 'found a second `key: value` without a comma before it; text with ": " in it needs quotes';
    case 'MULTILINE_IMPLICIT_KEY':
      return 'expected `key: value`, with a blank after the colon; between { } a comma follows each entry';
    case 'BAD_SCALAR_START':
      return `text that starts with ${message.at(-1)} needs quotes`;
    case 'BAD_ALIAS':
      return 'text that starts with & or * needs quotes';
    case 'TAG_RESOLVE_FAILED':
    case 'BAD_COLLECTION_TYPE':
      return 'found a YAML tag, which is not supported; text that starts with ! needs quotes, and a variable is written ${NAME}';
    case 'BAD_DQ_ESCAPE':
      return 'found an unknown escape sequence; text with a \\ in it needs single quotes';
    case 'MISSING_CHAR':
      return missing(message);
    case 'UNEXPECTED_TOKEN':
      return unexpected(message);
    default:
      return asIs(message);
  }
}

function missing(message: string): string {
  const [, quote] = /^Missing closing (.)quote/.exec(message) ?? [];
  if (quote !== undefined) return `found text whose closing ${quote} is missing`;
  if (message.includes('followed by map values')) return 'expected a colon and a value after this key';
  if (message.startsWith('Comments')) return 'a comment needs a blank before its #';
  if (message.startsWith('Missing ,')) return 'a comma is missing between two entries';
  if (message.startsWith('Missing space')) return 'a blank is missing after the colon';
  return asIs(message);
}

function unexpected(message: string): string {
  if (message.includes('flow-map-start'))
    return 'found a { inside text; between { } or [ ], text with a { in it (${NAME}, /users/{id}) needs quotes';
  if (message.includes('flow-map-end')) return 'found a } that closes nothing';
  if (message.includes('flow-seq-end')) return 'found a ] that closes nothing';
  if (message.startsWith('Block scalar header')) return 'after | or >, the text must begin on the next line';
  if (message.includes('at node end'))
    return 'found more text after the end of a value; text with quotes in it needs quotes around all of it';
  if (message.startsWith('Unexpected ,')) return 'found a comma with nothing before it';
  return asIs(message);
}

/** Only the part before a colon, after which the library can quote the text. */
function asIs(message: string): string {
  return `not valid YAML: ${message.split(':')[0]}`;
}
