import { LineCounter } from 'yaml';
import type { ConfigProblem } from '../problem.js';
import { TreeBuilder } from './build-tree.js';
import { MAX_DEPTH, parseText, tooDeepAt } from './parse-text.js';
import { isMapping, type MappingNode } from './source-node.js';
import type { Sources } from './substitute.js';
import { syntaxProblems } from './syntax-problems.js';

/**
 * Reads YAML 1.2 with its core schema (JSON is a subset of it) into values with positions.
 * @param expected the words that follow "expected": what the file should be
 * @returns no `root` when the text is not a YAML mapping; otherwise what could be read of it
 */
export function readYaml(
  text: string,
  sources: Sources,
  expected = 'a mapping with `upstreams` and `routes`',
): { root?: MappingNode; problems: readonly ConfigProblem[] } {
  const lines = new LineCounter();
  const deep = tooDeepAt(text);
  if (deep !== undefined) {
    const before = text.slice(0, deep).split('\n');
    const column = (before.at(-1)?.length ?? 0) + 1;
    return { problems: [problem(before.length, column, `nested deeper than ${MAX_DEPTH} levels`)] };
  }
  const document = parseText(text, lines);
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) return { problems: syntaxProblems(faults, text, document, lines) };
  if (document.contents === null)
    return { problems: [problem(1, 1, `the file is empty, expected ${expected}`)] };

  const builder = new TreeBuilder(document, lines, sources);
  const root = builder.build(document.contents, { path: [] });
  if (isMapping(root)) return { root, problems: builder.problems };
  const found = root.children ? 'a list' : 'a single value';
  return { problems: [problem(root.at.line, root.at.column, `found ${found}, expected ${expected}`)] };
}

function problem(line: number, column: number, message: string): ConfigProblem {
  return { path: '', line, column, message };
}
