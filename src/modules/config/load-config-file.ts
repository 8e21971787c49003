import { hash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { GatewayConfig } from './gateway-config.js';
import { type Checked, type ConfigResult, parseConfig } from './parse-config.js';
import type { Plugin } from './plugins/plugin.types.js';
import { type PluginCheck, pluginProblems } from './plugins/prepare-plugins.js';
import { type ConfigProblem, sortProblems } from './problem.js';
import { fingerprintNow } from './reload/fingerprint.js';
import { sourceLinesOf } from './source/source-line.js';
import { readReferencedFile } from './source/substitute.js';

/** Where a configuration comes from. */
export interface ConfigSource {
  /** Absolute path. */
  readonly file: string;
  /** The start of the SHA-256 of the file in hexadecimal, as `sha256sum` prints it; empty when it cannot be read. */
  readonly hash: string;
  /** The file and the files that it names, each with its fingerprint from before it was read. */
  readonly files: ReadonlyMap<string, string>;
}

export type Loaded<T> = Checked<T> & { readonly source: ConfigSource };
export type LoadedConfig = Loaded<{ readonly config: GatewayConfig }>;

/** Bytes. The largest file that anybody would write has a hundredth of it. */
const MAX_BYTES = 64 * 1024 * 1024;
const HASH_LENGTH = 16;

/**
 * Reads and parses the configuration file at `path`, and loads the plugins that it names to check their options. It does
 * not throw: a file that is missing or cannot be read is a problem like any other.
 *
 * @param given in place of what is in the file
 * @param plugins that `use` names beside packages and paths
 */
export function loadConfigFile(
  path: string,
  env: NodeJS.ProcessEnv = process.env,
  given?: string,
  plugins?: readonly Plugin[],
): LoadedConfig {
  return checkPlugins(readConfigFile(path, env, given), { given: plugins });
}

/** @returns a file that was read without its plugins, with their problems besides its own */
export function checkPlugins<T>(loaded: Loaded<T>, check: PluginCheck): Loaded<T> {
  const found = pluginProblems(loaded.plugins, check);
  if (found.length === 0) return loaded;
  const problems = sortProblems([...(loaded.ok ? [] : loaded.problems), ...found]);
  return { ok: false, problems, source: loaded.source };
}

/** As `loadConfigFile`, without the plugins. */
export function readConfigFile(
  path: string,
  env: NodeJS.ProcessEnv = process.env,
  given?: string,
): LoadedConfig {
  const files = new Map<string, string>();
  const readFile = (each: string) => {
    files.set(each, fingerprintNow(each));
    return readText(each);
  };
  const sources = { file: path, env, readFile };
  const file = resolve(path);
  const content = given === undefined ? readReferencedFile(file, sources) : { text: given };
  if ('text' in content) {
    const result = withSources(parseConfig(content.text, sources), content.text);
    return { ...result, source: { file, hash: hash('sha256', content.text).slice(0, HASH_LENGTH), files } };
  }
  const message = `cannot read the configuration: ${content.failure}`;
  const problems = [{ path: '', line: 1, column: 1, message }];
  return { ok: false, problems, source: { file, hash: '', files } };
}

/** Adds the lines that the problems and warnings are about. */
function withSources(result: ConfigResult, text: string): ConfigResult {
  const sourceLine = sourceLinesOf(text);
  const add = <T extends ConfigProblem>(problem: T): T =>
    problem.file === undefined ? { ...problem, source: sourceLine(problem) } : problem;
  if (result.ok) return { ...result, warnings: result.warnings.map(add) };
  return { ...result, problems: result.problems.map(add) };
}

function readText(path: string): string {
  if (statSync(path).size > MAX_BYTES)
    throw Object.assign(new Error(`${path} is too large`), { code: 'ERR_FS_FILE_TOO_LARGE' });
  // Fatal, because text that is not UTF-8 would be decoded to something else, and a secret to another one.
  return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
}
