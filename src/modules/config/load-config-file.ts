import { readFileSync } from 'node:fs';
import { type ConfigResult, parseConfig } from './parse-config.js';
import { readFailure } from './read-failure.js';

/**
 * Reads and parses the configuration file at `path`. Does not throw: a file that is missing or
 * can't be read is a problem like any other.
 */
export function loadConfigFile(path: string, env: NodeJS.ProcessEnv = process.env): ConfigResult {
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    const message = `cannot read the configuration: ${readFailure(error)}`;
    return { ok: false, problems: [{ path: '', line: 1, column: 1, message }] };
  }
  return parseConfig(text, { file: path, env, readFile: readText });
}

function readText(path: string): string {
  // Fatal: what is no UTF-8 would be read as something else, a secret as another one.
  return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
}
