import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ConfigResult, parseConfig } from './parse-config.js';
import type { ConfigProblem } from './problem.js';
import { sourceLine } from './source/source-line.js';
import { readReferencedFile } from './source/substitute.js';

/**
 * Reads and parses the configuration file at `path`. It does not throw: a file that is missing or cannot be read
 * is a problem like any other.
 */
export function loadConfigFile(path: string, env: NodeJS.ProcessEnv = process.env): ConfigResult {
  const sources = { file: path, env, readFile: readText };
  const content = readReferencedFile(resolve(path), sources);
  if ('text' in content) return withSources(parseConfig(content.text, sources), content.text);
  const message = `cannot read the configuration: ${content.failure}`;
  return { ok: false, problems: [{ path: '', line: 1, column: 1, message }] };
}

/** Adds the lines that the problems and warnings are about. */
function withSources(result: ConfigResult, text: string): ConfigResult {
  const add = <T extends ConfigProblem>(problem: T): T =>
    problem.file === undefined ? { ...problem, source: sourceLine(text, problem) } : problem;
  if (result.ok) return { ...result, warnings: result.warnings.map(add) };
  return { ok: false, problems: result.problems.map(add) };
}

function readText(path: string): string {
  // Fatal, because text that is not UTF-8 would be decoded to something else, and a secret to another one.
  return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
}
