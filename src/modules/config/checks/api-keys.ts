import { dirname, isAbsolute, join } from 'node:path';
import type { z } from 'zod';
import type { ConfigProblem } from '../problem.js';
import { apiKeysFileSchema } from '../schema/auth.js';
import { validate } from '../schema/validate.js';
import { ConfigValue } from '../source/config-value.js';
import { readYaml } from '../source/read-yaml.js';
import { readReferencedFile, type Sources } from '../source/substitute.js';

export interface CheckedApiKeys {
  readonly problems: readonly ConfigProblem[];
  /** Those of the file. Absent when something is wrong with them. */
  readonly apiKeys?: z.output<typeof apiKeysFileSchema>['apiKeys'];
}

/** Checks the API keys of a provider and reads those that are in a file of their own. */
export function checkApiKeys(provider: ConfigValue, sources: Sources): CheckedApiKeys {
  const seen = new Set<string>();
  const repeated = repetitions(provider, seen);
  const file = provider.at('apiKeysFile');
  if (file.text === undefined) return { problems: repeated };
  const content = readReferencedFile(file.text, sources);
  if ('failure' in content) {
    const expected = `the path of a readable YAML file with \`apiKeys\`: ${content.failure}`;
    return { problems: [...repeated, file.expected(expected)] };
  }
  const { problems, apiKeys } = checkFile(content.text, sources, seen);
  // As relative as the path of the configuration, so that both look alike in messages.
  const name = isAbsolute(file.text) ? file.text : join(dirname(sources.file), file.text);
  return { problems: [...repeated, ...problems.map((each) => ({ ...each, file: name }))], apiKeys };
}

function checkFile(text: string, sources: Sources, seen: Set<string>): CheckedApiKeys {
  const { root, problems } = readYaml(text, sources, 'a mapping with `apiKeys`');
  if (!root) return { problems };
  const content = new ConfigValue(root);
  const validation = validate(apiKeysFileSchema, content);
  const all = [...problems, ...validation.problems, ...repetitions(content, seen)];
  return { problems: all, apiKeys: all.length === 0 ? validation.parsed?.apiKeys : undefined };
}

/**
 * Reports repeated ids and keys: two keys with one id would be one user, and one key with two ids would be ambiguous.
 * @param seen ids and hashes so far; those that are found are added
 */
function repetitions(owner: ConfigValue, seen: Set<string>): ConfigProblem[] {
  return owner
    .all('apiKeys[].id', 'apiKeys[].hash')
    .filter(({ text }) => text !== undefined && seen.size === seen.add(text).size)
    .map((value) => value.expected(`each ${value.key} once`));
}
