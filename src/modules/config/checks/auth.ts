import type { SecretAlgorithm } from '../gateway-config.js';
import type { ConfigPath, ConfigProblem } from '../problem.js';
import { PUBLIC_KEY_ALGORITHMS, SECRET_ALGORITHMS } from '../schema/auth.js';
import type { ConfigSource } from '../source/config-source.js';
import type { SubstitutionSources } from '../source/substitute.js';
import { type CheckedApiKeys, checkApiKeys } from './api-keys.js';
import { isPem, readPublicKey, unfitKey } from './public-key.js';

/** What the files that a provider names contain. */
interface FileKeys {
  readonly publicKey?: string;
  readonly apiKeys?: CheckedApiKeys['apiKeys'];
}

export interface AuthCheck {
  readonly problems: readonly ConfigProblem[];
  /** By provider id. */
  readonly fileKeys: ReadonlyMap<string, FileKeys>;
}

/** Checks that each provider has one kind of key, and that the key fits the algorithms. */
export function checkAuth(source: ConfigSource, sources: SubstitutionSources): AuthCheck {
  const problems: ConfigProblem[] = [];
  const fileKeys = new Map<string, FileKeys>();
  for (const id of Object.keys(source.mapping(['auth']))) {
    if (!source.isMapping(['auth', id])) continue;
    const checked = checkProvider(source, ['auth', id], sources);
    problems.push(...checked.problems);
    fileKeys.set(id, checked);
  }
  return { problems, fileKeys };
}

const KINDS = ['secret', 'publicKey', 'jwksUri', 'apiKeys', 'introspection'] as const;
type Kind = (typeof KINDS)[number];
type Checked = FileKeys & { readonly problems: readonly ConfigProblem[] };

type KeyCheck = (source: ConfigSource, path: ConfigPath, sources: SubstitutionSources) => Checked;

const KEY_CHECKS: Readonly<Record<Kind, KeyCheck>> = {
  secret: checkSecret,
  publicKey: checkPublicKey,
  jwksUri: checkIssuer,
  apiKeys: checkApiKeys,
  introspection: () => ({ problems: [] }),
};

function checkProvider(source: ConfigSource, path: ConfigPath, sources: SubstitutionSources): Checked {
  const kinds = kindsOf(source, path);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) return { problems: [notOneKind(source, path, kinds)] };
  const { problems, ...fileKeys } = KEY_CHECKS[kind](source, path, sources);
  return {
    ...fileKeys,
    problems: [...misplacedKeys(source, path, kind), ...algorithmProblems(source, path, kind), ...problems],
  };
}

/** An `issuer` alone stands for `jwksUri`, which its discovery document names, and `apiKeysFile` alone for `apiKeys`. */
function kindsOf(source: ConfigSource, path: ConfigPath): Kind[] {
  const kinds = KINDS.filter((kind) => source.has([...path, kind]));
  if (kinds.length > 0) return kinds;
  if (source.has([...path, 'apiKeysFile'])) return ['apiKeys'];
  return source.has([...path, 'issuer']) ? ['jwksUri'] : [];
}

function notOneKind(source: ConfigSource, path: ConfigPath, found: readonly Kind[]): ConfigProblem {
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

const JWT_KEYS = ['jwks', 'algorithms', 'typ'];
const TOKEN_KEYS = [...JWT_KEYS, 'issuer', 'audience', 'clockSkew', 'forwardClaims'];
const API_KEY_KEYS = ['header', 'query', 'apiKeysFile'];

/** A key that has no effect for one kind of provider would look as if it had one. */
function misplacedKeys(source: ConfigSource, path: ConfigPath, kind: Kind): ConfigProblem[] {
  const withTokens = kind === 'introspection' ? [...API_KEY_KEYS, ...JWT_KEYS] : API_KEY_KEYS;
  return (kind === 'apiKeys' ? TOKEN_KEYS : withTokens)
    .filter((key) => source.has([...path, key]))
    .map((key) => source.problemWithKey([...path, key], `\`${key}\` has no meaning with \`${kind}\``));
}

/** RFC 8725 section 2.1: a public key that is used as a shared secret lets anyone sign. */
function algorithmProblems(source: ConfigSource, path: ConfigPath, kind: Kind): ConfigProblem[] {
  if (kind === 'apiKeys' || kind === 'introspection') return [];
  const algorithms = [...path, 'algorithms'];
  if (!source.has(algorithms))
    return [source.expected(algorithms, 'a list of the algorithms that are accepted')];
  const [fitting, others]: readonly (readonly unknown[])[] =
    kind === 'secret'
      ? [SECRET_ALGORITHMS, PUBLIC_KEY_ALGORITHMS]
      : [PUBLIC_KEY_ALGORITHMS, SECRET_ALGORITHMS];
  const expected = `one that works with \`${kind}\`: ${fitting?.join(', ')}`;
  return source
    .list(algorithms)
    .flatMap((algorithm, i) =>
      others?.includes(algorithm) ? [source.expected([...algorithms, i], expected)] : [],
    );
}

/** RFC 7518 section 3.2: a shared secret is at least as long as the hash. Bytes. */
const LEAST_BYTES: Readonly<Record<SecretAlgorithm, number>> = { HS256: 32, HS384: 48, HS512: 64 };

/** A secret that is too short for the strongest of its algorithms can be found by trying. */
function checkSecret(source: ConfigSource, path: ConfigPath): Checked {
  const secret = source.valueAt([...path, 'secret']);
  const algorithms = source.list([...path, 'algorithms']);
  const strongest = SECRET_ALGORITHMS.findLast((algorithm) => algorithms.includes(algorithm));
  if (typeof secret !== 'string' || secret === '' || strongest === undefined) return { problems: [] };
  const bytes = Buffer.byteLength(secret);
  const least = LEAST_BYTES[strongest];
  if (bytes >= least) return { problems: [] };
  const expected = `at least ${least} bytes for ${strongest}; this has ${bytes}`;
  return { problems: [source.expected([...path, 'secret'], expected)] };
}

/** An `issuer` without `jwksUri` must be a URL, under which its discovery document is. */
function checkIssuer(source: ConfigSource, path: ConfigPath): Checked {
  const issuer = source.valueAt([...path, 'issuer']);
  if (source.has([...path, 'jwksUri']) || typeof issuer !== 'string' || issuer === '')
    return { problems: [] };
  if (/^https?:\/\/[^\s?#]+$/.test(issuer) && URL.canParse(issuer)) return { problems: [] };
  const expected = 'an http or https URL, whose discovery document says where the keys are; or a key';
  return { problems: [source.expected([...path, 'issuer'], expected)] };
}

function checkPublicKey(source: ConfigSource, path: ConfigPath, { files }: SubstitutionSources): Checked {
  const place = [...path, 'publicKey'];
  const written = source.valueAt(place);
  // The schema reports what is not text.
  if (typeof written !== 'string' || written === '') return { problems: [] };
  const content = isPem(written) ? { text: written } : files.read(written);
  if ('failure' in content) {
    const expected = `PEM text, or the path of a readable PEM file: ${content.failure}`;
    return { problems: [source.expected(place, expected)] };
  }
  const reading = readPublicKey(content.text);
  if ('expected' in reading) return { problems: [source.expected(place, reading.expected)] };
  const problems = source.list([...path, 'algorithms']).flatMap((listed, index) => {
    const algorithm = PUBLIC_KEY_ALGORITHMS.find((known) => known === listed);
    const needed = algorithm && unfitKey(reading.key, algorithm);
    if (needed === undefined) return [];
    const expected = `an algorithm that fits \`publicKey\`; this one needs ${needed}`;
    return [source.expected([...path, 'algorithms', index], expected)];
  });
  return { problems, publicKey: content.text };
}
