import type { ConfigPath } from '../config-path.js';
import type { ApiKeyConfig } from '../gateway-config.js';
import type { ConfigProblem } from '../problem.js';
import { apiKeysFileSchema } from '../schema/auth.js';
import { validate } from '../schema/validate.js';
import { ConfigSource } from '../source/config-source.js';
import { readYaml } from '../source/read-yaml.js';
import type { SubstitutionSources } from '../source/substitute.js';
import { asList, asMapping } from './raw.js';

export interface CheckedApiKeys {
  readonly problems: readonly ConfigProblem[];
  /** Only when nothing is wrong with them. */
  readonly fromFile: readonly ApiKeyConfig[];
}

/**
 * Checks the API keys of a provider, and reads those that are in a file of their own.
 *
 * @param path that of the provider
 */
export function checkApiKeys(
  source: ConfigSource,
  path: ConfigPath,
  { apiKeys, apiKeysFile }: Readonly<Record<string, unknown>>,
  sources: SubstitutionSources,
): CheckedApiKeys {
  const seen = new Set<unknown>();
  const repeated = repetitions(source, [...path, 'apiKeys'], apiKeys, seen);
  if (typeof apiKeysFile !== 'string' || apiKeysFile === '') return { problems: repeated, fromFile: [] };
  const content = sources.files.read(apiKeysFile);
  if ('failure' in content) {
    const expected = `the path of a readable YAML file with \`apiKeys\`: ${content.failure}`;
    return {
      problems: [...repeated, source.expected([...path, 'apiKeysFile'], expected)],
      fromFile: [],
    };
  }
  const { problems, fromFile } = checkFile(content.text, sources, seen);
  const file = sources.files.locate(apiKeysFile);
  return { problems: [...repeated, ...problems.map((each) => ({ ...each, file }))], fromFile };
}

function checkFile(text: string, sources: SubstitutionSources, seen: Set<unknown>): CheckedApiKeys {
  const { root, problems } = readYaml(text, sources, 'a mapping with `apiKeys`');
  if (!root) return { problems, fromFile: [] };
  const source = new ConfigSource(root);
  const validation = validate(apiKeysFileSchema, source);
  const repeated = repetitions(source, ['apiKeys'], source.valueAt(['apiKeys']), seen);
  const all = [...problems, ...validation.problems, ...repeated];
  return { problems: all, fromFile: all.length === 0 ? (validation.parsed?.apiKeys ?? []) : [] };
}

/**
 * One id for two keys would be one user, and one key for two ids nobody in particular.
 *
 * @param seen ids and hashes so far; these are added
 */
function repetitions(
  source: ConfigSource,
  path: ConfigPath,
  keys: unknown,
  seen: Set<unknown>,
): ConfigProblem[] {
  return asList(keys).flatMap((written, index) =>
    (['id', 'hash'] as const).flatMap((name) => {
      const value = asMapping(written)[name];
      if (typeof value !== 'string' || !seen.has(value)) {
        seen.add(value);
        return [];
      }
      return [source.expected([...path, index, name], `each ${name} once`)];
    }),
  );
}
