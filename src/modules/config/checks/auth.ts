import type { SecretAlgorithm, TokenAlgorithm } from '../gateway-config.js';
import type { ConfigProblem } from '../problem.js';
import { PUBLIC_KEY_ALGORITHMS, SECRET_ALGORITHMS } from '../schema/auth.js';
import type { ConfigValue } from '../source/config-value.js';
import type { Sources } from '../source/substitute.js';
import { type CheckedApiKeys, checkApiKeys } from './api-keys.js';
import { readPem } from './pem.js';
import { readPublicKey, unfitKey } from './public-key.js';

/** What is wrong with a provider, and the content of the files that it names. */
interface CheckedProvider extends CheckedApiKeys {
  readonly publicKey?: string;
}

/**
 * Checks that each provider has one kind of key, and that the key fits the algorithms.
 * @returns the results by provider id
 */
export function checkProviders(config: ConfigValue, sources: Sources): ReadonlyMap<string, CheckedProvider> {
  const providers = config.all('auth.*').filter(({ isMapping }) => isMapping);
  return new Map(providers.map((provider) => [provider.key, checkProvider(provider, sources)]));
}

const JWT_KEYS = ['jwks', 'algorithms', 'typ'];
const ISSUER_KEYS = ['issuer', 'audience', 'clockSkew', 'cookie'];
const API_KEY_KEYS = ['header', 'query', 'apiKeysFile'];

/** What goes with each kind of key. */
interface Kind {
  /** Keys of a provider that have no effect for it and would look as if they had one. */
  readonly meaningless: readonly string[];
  /** The algorithms that work with it; absent for what is not a JWT. */
  readonly algorithms?: readonly TokenAlgorithm[];
  readonly check?: (provider: ConfigValue, sources: Sources) => CheckedProvider;
}

const KINDS: Readonly<Record<string, Kind>> = {
  secret: { algorithms: SECRET_ALGORITHMS, meaningless: API_KEY_KEYS, check: checkSecret },
  publicKey: { algorithms: PUBLIC_KEY_ALGORITHMS, meaningless: API_KEY_KEYS, check: checkPublicKey },
  jwksUri: { algorithms: PUBLIC_KEY_ALGORITHMS, meaningless: API_KEY_KEYS, check: checkIssuer },
  apiKeys: { meaningless: [...JWT_KEYS, ...ISSUER_KEYS, 'forwardClaims'], check: checkApiKeys },
  introspection: { meaningless: [...API_KEY_KEYS, ...JWT_KEYS] },
  clientCertificate: { meaningless: [...API_KEY_KEYS, ...JWT_KEYS, ...ISSUER_KEYS] },
  plugin: { meaningless: [...API_KEY_KEYS, ...JWT_KEYS, ...ISSUER_KEYS] },
};

function checkProvider(provider: ConfigValue, sources: Sources): CheckedProvider {
  const names = kindsOf(provider);
  const [name = ''] = names;
  const kind = KINDS[name];
  if (!kind || names.length > 1) return { problems: [notOneKind(provider, names)] };
  const checked = kind.check?.(provider, sources);
  const misplaced = provider.written(kind.meaningless).map((each) => each.meaningless(`with \`${name}\``));
  const algorithms = algorithmProblems(provider.at('algorithms'), name, kind);
  return { ...checked, problems: [...misplaced, ...algorithms, ...(checked?.problems ?? [])] };
}

/** An `issuer` alone stands for `jwksUri`, which its discovery document names, and `apiKeysFile` alone for `apiKeys`. */
function kindsOf(provider: ConfigValue): string[] {
  const kinds = provider.written(Object.keys(KINDS)).map(({ key }) => key);
  if (kinds.length > 0) return kinds;
  if (provider.at('apiKeysFile').isWritten) return ['apiKeys'];
  return provider.at('issuer').isWritten ? ['jwksUri'] : [];
}

function notOneKind(provider: ConfigValue, found: readonly string[]): ConfigProblem {
  if (found.length > 1) return provider.problem(`found ${quoted(found, ' and ')}, expected one of them`);
  const all = quoted(Object.keys(KINDS), ', ');
  return provider.problem(`missing a key, expected one of ${all}, or an \`issuer\` that publishes its own`);
}

function quoted(keys: readonly string[], separator: string): string {
  return keys.map((key) => `\`${key}\``).join(separator);
}

/** RFC 8725 section 2.1: a public key that is used as a shared secret lets anyone sign. */
function algorithmProblems(written: ConfigValue, kind: string, { algorithms }: Kind): ConfigProblem[] {
  if (!algorithms) return [];
  if (!written.isWritten) return [written.expected('a list of the algorithms that are accepted')];
  const others = [...SECRET_ALGORITHMS, ...PUBLIC_KEY_ALGORITHMS].filter((one) => !algorithms.includes(one));
  return written
    .items()
    .filter(({ value }) => others.some((other) => other === value))
    .map((each) => each.expected(`one that works with \`${kind}\`: ${algorithms.join(', ')}`));
}

/** RFC 7518 section 3.2: a shared secret is at least as long as the hash. Bytes. */
const MIN_SECRET_BYTES: Readonly<Record<SecretAlgorithm, number>> = { HS256: 32, HS384: 48, HS512: 64 };

/** A secret that is too short for the strongest of its algorithms can be found by trying. */
function checkSecret(provider: ConfigValue): CheckedProvider {
  const secret = provider.at('secret');
  const algorithms = provider.all('algorithms[]');
  const strongest = SECRET_ALGORITHMS.findLast((one) => algorithms.some(({ value }) => value === one));
  if (secret.text === undefined || strongest === undefined) return { problems: [] };
  const bytes = Buffer.byteLength(secret.text);
  const minBytes = MIN_SECRET_BYTES[strongest];
  if (bytes >= minBytes) return { problems: [] };
  return { problems: [secret.expected(`at least ${minBytes} bytes for ${strongest}; this has ${bytes}`)] };
}

/** An `issuer` without `jwksUri` must be a URL, under which its discovery document is. */
function checkIssuer(provider: ConfigValue): CheckedProvider {
  const issuer = provider.at('issuer');
  if (provider.at('jwksUri').isWritten || issuer.text === undefined) return { problems: [] };
  if (/^https?:\/\/[^\s?#]+$/.test(issuer.text) && URL.canParse(issuer.text)) return { problems: [] };
  const expected = 'an http or https URL, whose discovery document says where the keys are; or a key';
  return { problems: [issuer.expected(expected)] };
}

function checkPublicKey(provider: ConfigValue, sources: Sources): CheckedProvider {
  const written = provider.at('publicKey');
  const unreadable: ConfigProblem[] = [];
  const publicKey = readPem(written, sources, unreadable);
  if (publicKey === undefined) return { problems: unreadable };
  const reading = readPublicKey(publicKey);
  if ('expected' in reading) return { problems: [written.expected(reading.expected)] };
  const problems = provider.all('algorithms[]').flatMap((algorithm) => {
    const known = PUBLIC_KEY_ALGORITHMS.find((each) => each === algorithm.value);
    const needed = known && unfitKey(reading.key, known);
    const expected = `an algorithm that fits \`publicKey\`; this one needs ${needed}`;
    return needed === undefined ? [] : [algorithm.expected(expected)];
  });
  return { problems, publicKey };
}
