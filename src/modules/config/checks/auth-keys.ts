import type { ConfigPath } from '../config-path.js';
import type { ApiKeyConfig } from '../gateway-config.js';
import type { ConfigProblem } from '../problem.js';
import { PUBLIC_KEY_ALGORITHMS, SECRET_ALGORITHMS } from '../schema/auth.js';
import type { ConfigSource } from '../source/config-source.js';
import type { ReferencedFiles } from '../source/referenced-files.js';
import type { SubstitutionSources } from '../source/substitute.js';
import { checkApiKeys } from './api-keys.js';
import { isPem, readPublicKey, unfitKey } from './public-key.js';
import { asList, asMapping } from './raw.js';
import { sharedSecretProblems } from './shared-secret.js';

export interface AuthKeys {
  readonly problems: readonly ConfigProblem[];
  /** PEM text by provider id, read from its file where one is named. */
  readonly publicKeys: ReadonlyMap<string, string>;
  /** Those that are in a file, by provider id. */
  readonly apiKeys: ReadonlyMap<string, readonly ApiKeyConfig[]>;
}

const KINDS = ['secret', 'publicKey', 'jwksUri', 'apiKeys', 'introspection'] as const;
const FOR_TOKENS = ['jwks', 'issuer', 'audience', 'algorithms', 'typ', 'clockSkew', 'forwardClaims'];
const FOR_JWTS = ['jwks', 'algorithms', 'typ'];
const FOR_API_KEYS = ['header', 'query', 'apiKeysFile'];

/** Checks that each provider has one key, and that the key fits the algorithms: neither makes sense alone. */
export function checkAuthKeys(source: ConfigSource, sources: SubstitutionSources): AuthKeys {
  const problems: ConfigProblem[] = [];
  const publicKeys = new Map<string, string>();
  const apiKeys = new Map<string, readonly ApiKeyConfig[]>();
  for (const [id, value] of Object.entries(asMapping(source.valueAt(['auth'])))) {
    const provider = asMapping(value);
    const path = ['auth', id];
    const kinds = KINDS.filter((kind) => source.has([...path, kind]));
    // Alone it is a kind, too; beside other kinds it is a stranger.
    if (kinds.length === 0 && source.has([...path, 'apiKeysFile'])) kinds.push('apiKeys');
    // Without any, the issuer's discovery document says where its keys are.
    if (kinds.length === 0 && source.has([...path, 'issuer'])) {
      problems.push(...undiscoverable(source, path, provider['issuer']));
      kinds.push('jwksUri');
    }
    const [kind] = kinds;
    if (kind === undefined || kinds.length > 1) {
      if (typeof value === 'object' && value !== null) problems.push(notOneKey(source, path, kinds));
      continue;
    }
    problems.push(...strangers(source, path, kind));
    if (kind === 'apiKeys') {
      const checked = checkApiKeys(source, path, provider, sources);
      problems.push(...checked.problems);
      apiKeys.set(id, checked.fromFile);
      continue;
    }
    if (kind === 'introspection') continue;
    if (!source.has([...path, 'algorithms']))
      problems.push(source.expected([...path, 'algorithms'], 'a list of the algorithms that are accepted'));
    problems.push(...wrongKind(source, path, kind, provider['algorithms']));
    if (kind === 'secret') problems.push(...sharedSecretProblems(source, path, provider));
    else if (kind === 'publicKey') {
      const pem = readPem(source, path, provider['publicKey'], sources.files);
      if (typeof pem === 'string') {
        publicKeys.set(id, pem);
        problems.push(...wrongPublicKey(source, path, pem, provider['algorithms']));
      } else if (pem) problems.push(pem);
    }
  }
  return { problems, publicKeys, apiKeys };
}

function notOneKey(source: ConfigSource, path: ConfigPath, found: readonly string[]): ConfigProblem {
  if (found.length > 1) {
    const kinds = found.map((kind) => `\`${kind}\``).join(' and ');
    return source.problem(path, `found ${kinds}, expected one of them`);
  }
  const all = KINDS.map((kind) => `\`${kind}\``).join(', ');
  return source.problem(
    path,
    `missing a key, expected one of ${all}, or an \`issuer\` that publishes its own`,
  );
}

/** Keys of one kind of provider that say nothing in another would look as if they did. */
function strangers(source: ConfigSource, path: ConfigPath, kind: string): ConfigProblem[] {
  const strange =
    kind === 'apiKeys' ? FOR_TOKENS : [...FOR_API_KEYS, ...(kind === 'introspection' ? FOR_JWTS : [])];
  return strange
    .filter((key) => source.has([...path, key]))
    .map((key) => source.problemWithKey([...path, key], `\`${key}\` has no meaning with \`${kind}\``));
}

function undiscoverable(source: ConfigSource, path: ConfigPath, issuer: unknown): ConfigProblem[] {
  if (typeof issuer !== 'string' || issuer === '') return [];
  if (/^https?:\/\/[^\s?#]+$/.test(issuer) && URL.canParse(issuer)) return [];
  return [
    source.expected(
      [...path, 'issuer'],
      'an http or https URL, whose discovery document says where the keys are; or a key',
    ),
  ];
}

/** RFC 8725 section 2.1: a public key taken for a shared secret lets anyone sign. */
function wrongKind(
  source: ConfigSource,
  path: ConfigPath,
  kind: string,
  algorithms: unknown,
): ConfigProblem[] {
  const [fitting, other]: readonly (readonly unknown[])[] =
    kind === 'secret'
      ? [SECRET_ALGORITHMS, PUBLIC_KEY_ALGORITHMS]
      : [PUBLIC_KEY_ALGORITHMS, SECRET_ALGORITHMS];
  return asList(algorithms).flatMap((algorithm, index) =>
    other?.includes(algorithm)
      ? [
          source.expected(
            [...path, 'algorithms', index],
            `one that works with \`${kind}\`: ${fitting?.join(', ')}`,
          ),
        ]
      : [],
  );
}

/** @returns the PEM text, a problem, or `undefined` when the schema reports one already */
function readPem(source: ConfigSource, path: ConfigPath, written: unknown, files: ReferencedFiles) {
  if (typeof written !== 'string' || written === '') return undefined;
  if (isPem(written)) return written;
  const content = files.read(written);
  if ('text' in content) return content.text;
  const expected = `PEM text, or the path of a readable PEM file: ${content.failure}`;
  return source.expected([...path, 'publicKey'], expected);
}

function wrongPublicKey(
  source: ConfigSource,
  path: ConfigPath,
  pem: string,
  algorithms: unknown,
): ConfigProblem[] {
  const reading = readPublicKey(pem);
  if ('expected' in reading) return [source.expected([...path, 'publicKey'], reading.expected)];
  return asList(algorithms).flatMap((written, index) => {
    const algorithm = PUBLIC_KEY_ALGORITHMS.find((known) => known === written);
    const needed = algorithm && unfitKey(reading.key, algorithm);
    return needed === undefined
      ? []
      : [
          source.expected(
            [...path, 'algorithms', index],
            `an algorithm that fits \`publicKey\`; this one needs ${needed}`,
          ),
        ];
  });
}
