import type { SecretAlgorithm } from '../gateway-config.js';
import type { ConfigProblem } from '../problem.js';
import { PUBLIC_KEY_ALGORITHMS, SECRET_ALGORITHMS } from '../schema/auth.js';
import type { ConfigValue } from '../source/config-value.js';
import type { SubstitutionSources } from '../source/substitute.js';
import { type CheckedApiKeys, checkApiKeys } from './api-keys.js';
import { isPem, readPublicKey, unfitKey } from './public-key.js';

/** What is wrong with a provider, and the content of the files that it names. */
interface CheckedProvider extends CheckedApiKeys {
  readonly publicKey?: string;
}

/**
 * Checks that each provider has one kind of key, and that the key fits the algorithms.
 * @returns the results by provider id
 */
export function checkProviders(
  config: ConfigValue,
  sources: SubstitutionSources,
): ReadonlyMap<string, CheckedProvider> {
  const providers = config.at('auth').entries();
  return new Map(
    providers
      .filter(({ isMapping }) => isMapping)
      .map((provider) => [provider.key, checkProvider(provider, sources)]),
  );
}

const KINDS = ['secret', 'publicKey', 'jwksUri', 'apiKeys', 'introspection'] as const;
type Kind = (typeof KINDS)[number];

const KEY_CHECKS: Readonly<
  Record<Kind, (provider: ConfigValue, sources: SubstitutionSources) => CheckedProvider>
> = {
  secret: checkSecret,
  publicKey: checkPublicKey,
  jwksUri: checkIssuer,
  apiKeys: checkApiKeys,
  introspection: () => ({ problems: [] }),
};

function checkProvider(provider: ConfigValue, sources: SubstitutionSources): CheckedProvider {
  const kinds = kindsOf(provider);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) return { problems: [notOneKind(provider, kinds)] };
  const checked = KEY_CHECKS[kind](provider, sources);
  const problems = [
    ...misplacedKeys(provider, kind),
    ...algorithmProblems(provider, kind),
    ...checked.problems,
  ];
  return { ...checked, problems };
}

/** An `issuer` alone stands for `jwksUri`, which its discovery document names, and `apiKeysFile` alone for `apiKeys`. */
function kindsOf(provider: ConfigValue): Kind[] {
  const kinds = KINDS.filter((kind) => provider.at(kind).isWritten);
  if (kinds.length > 0) return kinds;
  if (provider.at('apiKeysFile').isWritten) return ['apiKeys'];
  return provider.at('issuer').isWritten ? ['jwksUri'] : [];
}

function notOneKind(provider: ConfigValue, found: readonly Kind[]): ConfigProblem {
  if (found.length > 1) {
    const kinds = found.map((kind) => `\`${kind}\``).join(' and ');
    return provider.problem(`found ${kinds}, expected one of them`);
  }
  const all = KINDS.map((kind) => `\`${kind}\``).join(', ');
  return provider.problem(`missing a key, expected one of ${all}, or an \`issuer\` that publishes its own`);
}

const JWT_KEYS = ['jwks', 'algorithms', 'typ'];
const TOKEN_KEYS = [...JWT_KEYS, 'issuer', 'audience', 'clockSkew', 'forwardClaims'];
const API_KEY_KEYS = ['header', 'query', 'apiKeysFile'];

/** A key that has no effect for one kind of provider would look as if it had one. */
function misplacedKeys(provider: ConfigValue, kind: Kind): ConfigProblem[] {
  const withTokens = kind === 'introspection' ? [...API_KEY_KEYS, ...JWT_KEYS] : API_KEY_KEYS;
  return (kind === 'apiKeys' ? TOKEN_KEYS : withTokens)
    .map((key) => provider.at(key))
    .filter(({ isWritten }) => isWritten)
    .map((each) => each.problemWithKey(`\`${each.key}\` has no meaning with \`${kind}\``));
}

/** RFC 8725 section 2.1: a public key that is used as a shared secret lets anyone sign. */
function algorithmProblems(provider: ConfigValue, kind: Kind): ConfigProblem[] {
  if (kind === 'apiKeys' || kind === 'introspection') return [];
  const algorithms = provider.at('algorithms');
  if (!algorithms.isWritten) return [algorithms.expected('a list of the algorithms that are accepted')];
  const [fitting, others]: readonly (readonly unknown[])[] =
    kind === 'secret'
      ? [SECRET_ALGORITHMS, PUBLIC_KEY_ALGORITHMS]
      : [PUBLIC_KEY_ALGORITHMS, SECRET_ALGORITHMS];
  const expected = `one that works with \`${kind}\`: ${fitting?.join(', ')}`;
  return algorithms
    .items()
    .filter(({ value }) => others?.includes(value))
    .map((algorithm) => algorithm.expected(expected));
}

/** RFC 7518 section 3.2: a shared secret is at least as long as the hash. Bytes. */
const LEAST_BYTES: Readonly<Record<SecretAlgorithm, number>> = { HS256: 32, HS384: 48, HS512: 64 };

/** A secret that is too short for the strongest of its algorithms can be found by trying. */
function checkSecret(provider: ConfigValue): CheckedProvider {
  const secret = provider.at('secret');
  const algorithms = provider.at('algorithms').items();
  const strongest = SECRET_ALGORITHMS.findLast((one) => algorithms.some(({ value }) => value === one));
  if (secret.text === undefined || strongest === undefined) return { problems: [] };
  const bytes = Buffer.byteLength(secret.text);
  const least = LEAST_BYTES[strongest];
  if (bytes >= least) return { problems: [] };
  return { problems: [secret.expected(`at least ${least} bytes for ${strongest}; this has ${bytes}`)] };
}

/** An `issuer` without `jwksUri` must be a URL, under which its discovery document is. */
function checkIssuer(provider: ConfigValue): CheckedProvider {
  const issuer = provider.at('issuer');
  if (provider.at('jwksUri').isWritten || issuer.text === undefined) return { problems: [] };
  if (/^https?:\/\/[^\s?#]+$/.test(issuer.text) && URL.canParse(issuer.text)) return { problems: [] };
  const expected = 'an http or https URL, whose discovery document says where the keys are; or a key';
  return { problems: [issuer.expected(expected)] };
}

function checkPublicKey(provider: ConfigValue, { files }: SubstitutionSources): CheckedProvider {
  const written = provider.at('publicKey');
  // The schema reports what is not text.
  if (written.text === undefined) return { problems: [] };
  const content = isPem(written.text) ? { text: written.text } : files.read(written.text);
  if ('failure' in content) {
    const expected = `PEM text, or the path of a readable PEM file: ${content.failure}`;
    return { problems: [written.expected(expected)] };
  }
  const reading = readPublicKey(content.text);
  if ('expected' in reading) return { problems: [written.expected(reading.expected)] };
  const problems = provider
    .at('algorithms')
    .items()
    .flatMap((algorithm) => {
      const known = PUBLIC_KEY_ALGORITHMS.find((each) => each === algorithm.value);
      const needed = known && unfitKey(reading.key, known);
      const expected = `an algorithm that fits \`publicKey\`; this one needs ${needed}`;
      return needed === undefined ? [] : [algorithm.expected(expected)];
    });
  return { problems, publicKey: content.text };
}
