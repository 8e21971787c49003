import { readFileSync } from 'node:fs';
import { type ConfigResult, parseConfig } from './parse-config.js';
import { readFailure } from './source/substitute.js';

/**
 * Reads and parses the configuration file at `path`. It does not throw: a file that is missing or cannot be read
 * is a problem like any other.
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
  // Fatal, because text that is not UTF-8 would be decoded to something else, and a secret to another one.
  return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
}
