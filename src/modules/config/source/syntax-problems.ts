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

/** What a fault is in words, by the code and the message of the library; the first that fits. */
const WORDS: readonly (readonly [fault: RegExp, words: string])[] = [
  [/end with a }$/, 'found a { that is never closed'],
  [/end with a ]$/, 'found a [ that is never closed'],
  [/^MULTIPLE_DOCS/, 'found a second YAML document, expected one in a file'],
  [/^RESOURCE_EXHAUSTION/, 'nested too deeply to be read'],
  [/^NON_STRING_KEY/, 'found a mapping, a list or an alias as a key, expected a plain name'],
  [/^TAB_AS_INDENT/, 'found a tab at the start of a line; YAML is indented with spaces'],
  [
    /^BAD_INDENT .*same column/s,
    'this line starts in another column than the keys or items that it stands among',
  ],
  [
    /^BLOCK_AS_IMPLICIT_KEY .*sequence/s,
    'found a list item in another column than the others, or among the keys of a mapping',
  ],
  [
    /^BLOCK_AS_IMPLICIT_KEY/,
    'found a second `key: value` on one line; text with ": " in it needs quotes, and a nested key belongs on a line of its own',
  ],
  [
    /^BLOCK_IN_FLOW/,
    'found a second `key: value` without a comma before it; text with ": " in it needs quotes',
  ],
  [
    /^MULTILINE_IMPLICIT_KEY/,
    'expected `key: value`, with a blank after the colon; between { } a comma follows each entry',
  ],
  [/^BAD_SCALAR_START .*(.)$/s, 'text that starts with $1 needs quotes'],
  [/^BAD_ALIAS/, 'text that starts with & or * needs quotes'],
  [
    /^TAG_RESOLVE_FAILED|^BAD_COLLECTION_TYPE/,
    'found a YAML tag, which is not supported; text that starts with ! needs quotes, and a variable is written ${NAME}',
  ],
  [/^BAD_DQ_ESCAPE/, 'found an unknown escape sequence; text with a \\ in it needs single quotes'],
  [/^MISSING_CHAR Missing closing (.)quote/, 'found text whose closing $1 is missing'],
  [/^MISSING_CHAR .*followed by map values/s, 'expected a colon and a value after this key'],
  [/^MISSING_CHAR Comments/, 'a comment needs a blank before its #'],
  [/^MISSING_CHAR Missing ,/, 'a comma is missing between two entries'],
  [/^MISSING_CHAR Missing space/, 'a blank is missing after the colon'],
  [
    /^UNEXPECTED_TOKEN .*flow-map-start/s,
    'found a { inside text; between { } or [ ], text with a { in it (${NAME}, /users/{id}) needs quotes',
  ],
  [/^UNEXPECTED_TOKEN .*flow-map-end/s, 'found a } that closes nothing'],
  [/^UNEXPECTED_TOKEN .*flow-seq-end/s, 'found a ] that closes nothing'],
  [/^UNEXPECTED_TOKEN Block scalar header/, 'after | or >, the text must begin on the next line'],
  [
    /^UNEXPECTED_TOKEN .*at node end/s,
    'found more text after the end of a value; text with quotes in it needs quotes around all of it',
  ],
  [/^UNEXPECTED_TOKEN Unexpected ,/, 'found a comma with nothing before it'],
];

function describe({ code, message }: YAMLError): string {
  for (const [fault, words] of WORDS) {
    const match = fault.exec(`${code} ${message}`);
    if (match) return words.replace('$1', () => match[1] ?? '');
  }
  // Only the part before a colon, after which the library can quote the text.
  return `not valid YAML: ${message.split(':')[0]}`;
}
