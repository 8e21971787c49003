import { optional, prefault, z } from 'zod';
import { IDENTITY_PREFIXES } from '../../../common/http/header-owners.js';
import { headerName, TOKEN } from './http.js';
import { pluginId } from './plugin.js';
import { scopes } from './route-auth.js';
import {
  boolean,
  byId,
  duration,
  id,
  oneOrMore,
  positiveDuration,
  text,
  textLike,
  withoutPrototype,
} from './scalars.js';

export const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512'] as const;
export const PUBLIC_KEY_ALGORITHMS = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA'] as const),
] as const;

const apiKeySchema = z.strictObject({
  id: id().describe('Name of the owner of the key, which upstreams get as X-User-Id.'),
  hash: textLike(
    /^sha256:[0-9a-f]{64}$/,
    'a hash as `breakwater api-key` prints it: sha256: and 64 hex digits',
  ).describe('Hash of the key, as `breakwater api-key` prints it.'),
  scopes: scopes().describe('Scopes of the owner of the key.'),
});

const apiKeys = z.array(apiKeySchema).min(1, 'at least one key');

/** The content of a file that `apiKeysFile` names. */
export const apiKeysFileSchema = z.strictObject({ apiKeys });

/** Without credentials, which would end up in logs. */
const ISSUER_URL = /^https?:\/\/[^/\\?#@\s]+(?:\/[^\\#\s]*)?$/;

function issuerUrl(expected: string) {
  return textLike(ISSUER_URL, expected).refine((written) => URL.canParse(written), expected);
}

const jwksSchema = z.strictObject({
  refresh: positiveDuration('10m').describe('Time between two fetches of the keys.'),
  cooldown: positiveDuration('30s').describe(
    'Shortest time between two fetches that are made because a token names an unknown key.',
  ),
  maxStale: positiveDuration('12h').describe(
    'How long keys are used after the last successful fetch. After that, tokens of the issuer are answered with 503.',
  ),
  timeout: positiveDuration('3s').describe('Time limit of a fetch.'),
  required: boolean(true).describe(
    'Whether the gateway is ready only after it has fetched the keys once, so that no rollout replaces gateways that have keys by some that have none.',
  ),
});

const introspectionSchema = z.strictObject({
  url: issuerUrl('an http or https URL such as https://idp.example/introspect').describe(
    'URL of the introspection endpoint.',
  ),
  clientId: text('a client id').describe('Client id of the gateway at the issuer.'),
  clientSecret: text('a client secret').describe('Client secret of the gateway, sent by HTTP Basic.'),
  timeout: positiveDuration('2s').describe('Time limit of a request to the issuer.'),
  maxAge: positiveDuration('1m').describe(
    'How long an answer is reused before the issuer is asked again; never after the token has expired.',
  ),
});

const clientCertificateSchema = z.strictObject({
  subject: prefault(z.enum(['cn', 'dns', 'uri', 'email'], 'cn, dns, uri or email'), 'cn').describe(
    'Part of the certificate that names the client: `cn` (the common name), or the first subject alternative name of the type `dns`, `uri` (such as a SPIFFE id) or `email`.',
  ),
  scopes: scopes().describe('Scopes of the clients.'),
});

/** Headers with these names are removed from what a client sends. With any other name, a client could forge claims. */
const CLAIM_HEADER = new RegExp(
  `^(?:${IDENTITY_PREFIXES.map(inAnyCase).join('|')})[A-Za-z0-9-]*[A-Za-z0-9]$`,
);
const OWN_HEADERS: readonly string[] = ['x-user-id', 'x-user-scopes'];

/** `x-` becomes `[Xx]-`: the JSON Schema has no flags. */
function inAnyCase(text: string): string {
  return text.replaceAll(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);
}

const CLAIM_HEADER_FORM =
  'a header X-User-... or X-Jwt-... for the claim, each once, and not X-User-Id or X-User-Scopes';
const claimHeader = textLike(CLAIM_HEADER, CLAIM_HEADER_FORM).refine(
  (name) => !OWN_HEADERS.includes(name.toLowerCase()),
  CLAIM_HEADER_FORM,
);

const forwardClaims = z
  .record(z.string(), claimHeader)
  .refine((headers) => {
    const names = Object.values(headers).map((name) => name.toLowerCase());
    return new Set(names).size === names.length;
  }, CLAIM_HEADER_FORM)
  .transform(withoutPrototype);

const TOKEN_TYPE = /^(?:application\/)?[a-z0-9!#$&^_.+-]+$/i;

/** `checks/auth.ts` reports a provider without exactly one kind of key, and keys that do not fit `algorithms`. */
const providerSchema = z
  .strictObject({
    secret: optional(text('a secret')).describe(
      'Shared secret for HS algorithms, at least as long as their hash: 32, 48 or 64 bytes. A provider has one kind of key.',
    ),
    publicKey: optional(text('a public key as PEM text, or the path of a PEM file')).describe(
      'Public key for RS, PS and ES algorithms or EdDSA (Ed25519): PEM text, or the path of a PEM file relative to this file.',
    ),
    jwksUri: optional(
      issuerUrl('an http or https URL of a JWK set, such as https://idp.example/jwks.json'),
    ).describe(
      'URL at which the issuer publishes its keys (RFC 7517). With only an `issuer`, its OpenID discovery document names it.',
    ),
    jwks: prefault(jwksSchema, {}).describe('How published keys are fetched and kept.'),
    introspection: optional(introspectionSchema).describe(
      'Asks the issuer about tokens that only it can read (RFC 7662).',
    ),
    apiKeys: optional(apiKeys).describe('API keys that clients can send instead of a token.'),
    apiKeysFile: optional(text('the path of a YAML file with `apiKeys`')).describe(
      'Path, relative to this file, of a YAML file with more API keys: `apiKeys:` and a list of the same form.',
    ),
    clientCertificate: optional(clientCertificateSchema).describe(
      'Accepts clients by the certificate that `server.tls.clientCertificates` has verified.',
    ),
    plugin: optional(pluginId('authentication')).describe('Id of a plugin that authenticates callers.'),
    header: prefault(headerName(), 'x-api-key').describe('Header that carries an API key.'),
    query: optional(text('the name of a query parameter')).describe(
      'Query parameter that can carry an API key as well. Upstreams do not get it. URLs end up in logs, so prefer the header.',
    ),
    // RFC 6265 section 4.1.1.
    cookie: optional(textLike(TOKEN, 'the name of a cookie such as __Host-token')).describe(
      'Cookie that can carry a token in WebSocket handshakes, for pages of the same host and of origins that `websocket.origins` or `cors.origins` lists. Upstreams do not get it, except on routes with `forward`.',
    ),
    issuer: optional(text('an issuer')).describe(
      'The `iss` that a token must have. Without this key it can have any.',
    ),
    audience: optional(oneOrMore(text('an audience'), 'an audience, or a list of them')).describe(
      'The `aud` that a token must have, or a list of which it must have one. Without this key it can have any.',
    ),
    algorithms: z
      .array(z.enum([...SECRET_ALGORITHMS, ...PUBLIC_KEY_ALGORITHMS]))
      .min(1, 'at least one algorithm')
      .default([])
      .describe(
        'Algorithms that are accepted. They must fit the kind of key. A provider of tokens needs this key, so that a token cannot choose its algorithm.',
      ),
    typ: optional(
      text('a type of token such as at+jwt').refine(
        (written) => TOKEN_TYPE.test(written),
        'a type of token such as at+jwt',
      ),
    ).describe(
      'The `typ` that the header of a token must have, such as at+jwt (RFC 9068), with or without `application/`. Without this key it can have any.',
    ),
    clockSkew: duration('60s').describe(
      'Tolerated difference between the clocks of the issuer and the gateway.',
    ),
    forwardClaims: prefault(forwardClaims, {}).describe(
      'Claims that upstreams get, by name or by a path such as realm_access.roles, each with the name of its header: X-User-... or X-Jwt-....',
    ),
  })
  // `checks/api-keys.ts` reads the file; its keys are added to `apiKeys`.
  .transform(({ apiKeysFile: _file, ...provider }) => provider);

export const authSchema = byId(providerSchema);
