import { z } from 'zod';
import type { PublicKeyAlgorithm, SecretAlgorithm } from '../gateway-config.js';
import { IDENTITY_PREFIXES } from '../../../common/http/header-owners.js';
import { headerName } from './http.js';
import { scopes } from './route-auth.js';
import { byId, id, text, withoutPrototype } from './scalars.js';
import { duration, positiveDuration } from './units.js';

export const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const satisfies readonly SecretAlgorithm[];

export const PUBLIC_KEY_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const satisfies readonly PublicKeyAlgorithm[];

const HASH_FORM = 'a hash as `breakwater api-key` prints it: sha256: and 64 hex digits';

const apiKeySchema = z.strictObject({
  id: id().describe('Who has the key: what X-User-Id says. Required.'),
  hash: z
    .string(HASH_FORM)
    .regex(/^sha256:[0-9a-f]{64}$/, HASH_FORM)
    .describe('Hash of the key, as `breakwater api-key` prints it. Required.'),
  scopes: scopes().describe('Scopes that whoever has the key has. Default: none.'),
});

/** What is in the file that `apiKeysFile` names. */
export const apiKeysFileSchema = z.strictObject({
  apiKeys: z.array(apiKeySchema).min(1, 'at least one key'),
});

const TYPE_FORM = 'a type of token such as at+jwt';

const audience = 'an audience, or a list of them';

/** Without credentials, which would end up in logs. */
const ISSUER_URL = /^https?:\/\/[^/\\?#@\s]+(?:\/[^\\#\s]*)?$/;

function issuerUrl(expected: string) {
  return text(expected)
    .regex(ISSUER_URL, expected)
    .refine((written) => URL.canParse(written), expected);
}

const jwksSchema = z.strictObject({
  refresh: positiveDuration().prefault('10m').describe('Time between fetches. Duration; default 10m.'),
  cooldown: positiveDuration()
    .prefault('30s')
    .describe('Shortest time between fetches because a token names an unknown key. Duration; default 30s.'),
  maxStale: positiveDuration()
    .prefault('12h')
    .describe(
      'How long keys stay in use while fetches fail; then tokens of the issuer get 503. Duration; default 12h.',
    ),
  timeout: positiveDuration().prefault('3s').describe('How long a fetch may take. Duration; default 3s.'),
});

const introspectionSchema = z.strictObject({
  url: issuerUrl('an http or https URL such as https://idp.example/introspect').describe(
    'The introspection endpoint. Required.',
  ),
  clientId: text('a client id').describe('What the gateway is called there. Required.'),
  clientSecret: text('a client secret').describe('Its secret, sent by HTTP Basic. Required.'),
  timeout: positiveDuration().prefault('2s').describe('How long an answer may take. Duration; default 2s.'),
  maxAge: positiveDuration()
    .prefault('1m')
    .describe(
      'How long an answer is used before the issuer is asked again; never beyond the end of the token. Duration; default 1m.',
    ),
});

/** Headers of these names are removed from what a client sends, so that no other name could be forged. */
const CLAIM_HEADER = new RegExp(`^(?:${IDENTITY_PREFIXES.join('|')})[a-z0-9-]*[a-z0-9]$`, 'i');
const OWN_HEADERS: ReadonlySet<string> = new Set(['x-user-id', 'x-user-scopes']);

function forwardClaims() {
  const expected =
    'a header X-User-... or X-Jwt-... for the claim, each once, and not X-User-Id or X-User-Scopes';
  const header = z
    .string(expected)
    .regex(CLAIM_HEADER, expected)
    .refine((name) => !OWN_HEADERS.has(name.toLowerCase()), expected);
  return z
    .record(z.string(), header)
    .refine((headers) => {
      const names = Object.values(headers).map((name) => name.toLowerCase());
      return new Set(names).size === names.length;
    }, expected)
    .transform(withoutPrototype);
}

/** Which key fits which algorithm is checked in `checks/auth-keys.ts`. */
const providerSchema = z.strictObject({
  secret: text('a secret')
    .optional()
    .describe(
      'Shared secret for HS algorithms; at least as long as the hash: 32, 48 or 64 bytes. Or another kind of key.',
    ),
  publicKey: text('a public key as PEM text, or the path of a PEM file')
    .optional()
    .describe(
      'Public key for RS, PS, ES algorithms or EdDSA (Ed25519): PEM text, or a PEM file, relative to this file. Or another kind of key.',
    ),
  jwksUri: issuerUrl('an http or https URL of a JWK set, such as https://idp.example/jwks.json')
    .optional()
    .describe(
      'Where the issuer publishes its keys (RFC 7517). With only an `issuer`, its OpenID discovery document says it.',
    ),
  jwks: jwksSchema.prefault({}).describe('How keys that an issuer publishes are kept.'),
  introspection: introspectionSchema
    .optional()
    .describe('Asks the issuer about tokens that only it can read (RFC 7662).'),
  apiKeys: z
    .array(apiKeySchema)
    .min(1, 'at least one key')
    .optional()
    .describe('Keys that clients may send instead of a token.'),
  apiKeysFile: text('the path of a YAML file with `apiKeys`')
    .optional()
    .describe(
      'YAML file with more of them, as `apiKeys:` and a list of the same form; relative to this file. Default: none.',
    ),
  header: headerName().prefault('x-api-key').describe('Header that an API key is in. Default X-Api-Key.'),
  query: text('the name of a query parameter')
    .optional()
    .describe(
      'Query parameter that an API key may be in as well; upstreams do not get it. URLs end up in logs: prefer the header. Default: none.',
    ),
  issuer: text('an issuer').optional().describe('The `iss` that a token must have. Default: any.'),
  audience: z
    .union(
      [text(audience).transform((one) => [one]), z.array(text('an audience')).min(1, audience)],
      audience,
    )
    .optional()
    .describe('The `aud` that a token must have, or several of which it must have one. Default: any.'),
  algorithms: z
    .array(z.enum([...SECRET_ALGORITHMS, ...PUBLIC_KEY_ALGORITHMS]))
    .min(1, 'at least one algorithm')
    .default([])
    .describe(
      'Algorithms that are accepted; all of the kind of the key. Required for tokens, so that none chooses.',
    ),
  typ: text(TYPE_FORM)
    .regex(/^(?:application\/)?[A-Za-z0-9!#$&^_.+-]+$/i, TYPE_FORM)
    .optional()
    .describe(
      'The `typ` that the header of a token must have, such as at+jwt (RFC 9068), with or without `application/`. Default: any, or none.',
    ),
  clockSkew: duration()
    .prefault('60s')
    .describe('How far the clocks of issuer and gateway may be apart. Duration; default 60s.'),
  forwardClaims: forwardClaims()
    .prefault({})
    .describe(
      'Claims that upstreams are told, by name or path such as realm_access.roles, each with its header, X-User-... or X-Jwt-.... Default none.',
    ),
});

export const authSchema = byId(providerSchema);
