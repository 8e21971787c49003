import type { z } from 'zod';
import type { ConfigPath, ConfigProblem } from '../problem.js';
import { apiKeysFileSchema } from '../schema/auth.js';
import { validate } from '../schema/validate.js';
import { ConfigSource } from '../source/config-source.js';
import { readYaml } from '../source/read-yaml.js';
import type { SubstitutionSources } from '../source/substitute.js';

type ApiKeys = z.output<typeof apiKeysFileSchema>['apiKeys'];

export interface CheckedApiKeys {
  readonly problems: readonly ConfigProblem[];
  /** Those of the file. Empty when something is wrong with them. */
  readonly apiKeys: ApiKeys;
}

/**
 * Checks the API keys of a provider and reads those that are in a file of their own.
 * @param path path of the provider
 */
export function checkApiKeys(
  source: ConfigSource,
  path: ConfigPath,
  sources: SubstitutionSources,
): CheckedApiKeys {
  const seen = new Set<string>();
  const repeated = repetitions(source, [...path, 'apiKeys'], seen);
  const file = source.valueAt([...path, 'apiKeysFile']);
  if (typeof file !== 'string' || file === '') return { problems: repeated, apiKeys: [] };
  const content = sources.files.read(file);
  if ('failure' in content) {
    const expected = `the path of a readable YAML file with \`apiKeys\`: ${content.failure}`;
    return { problems: [...repeated, source.expected([...path, 'apiKeysFile'], expected)], apiKeys: [] };
  }
  const { problems, apiKeys } = checkFile(content.text, sources, seen);
  const located = problems.map((each) => ({ ...each, file: sources.files.locate(file) }));
  return { problems: [...repeated, ...located], apiKeys };
}

function checkFile(text: string, sources: SubstitutionSources, seen: Set<string>): CheckedApiKeys {
  const { root, problems } = readYaml(text, sources, 'a mapping with `apiKeys`');
  if (!root) return { problems, apiKeys: [] };
  const source = new ConfigSource(root);
  const validation = validate(apiKeysFileSchema, source);
  const all = [...problems, ...validation.problems, ...repetitions(source, ['apiKeys'], seen)];
  return { problems: all, apiKeys: all.length === 0 ? (validation.parsed?.apiKeys ?? []) : [] };
}

/**
 * Reports repeated ids and keys: two keys with one id would be one user, and one key with two ids would be ambiguous.
 * @param seen ids and hashes so far; those that are found are added
 */
function repetitions(source: ConfigSource, keys: ConfigPath, seen: Set<string>): ConfigProblem[] {
  return source.list(keys).flatMap((_, index) =>
    (['id', 'hash'] as const).flatMap((name) => {
      const path = [...keys, index, name];
      const value = source.valueAt(path);
      if (typeof value !== 'string') return [];
      if (seen.has(value)) return [source.expected(path, `each ${name} once`)];
      seen.add(value);
      return [];
    }),
  );
}
