import { z } from 'zod';
import type { PublicKeyAlgorithm, SecretAlgorithm } from '../gateway-config.js';
import { byId, text } from './scalars.js';
import { duration } from './units.js';

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
] as const satisfies readonly PublicKeyAlgorithm[];

const audience = 'an audience, or a list of them';

/** Which key fits which algorithm is checked in `checks/auth-keys.ts`. */
const providerSchema = z.strictObject({
  secret: text('a secret')
    .optional()
    .describe(
      'Shared secret for HS algorithms; at least as long as the hash: 32, 48 or 64 bytes. Or `publicKey`.',
    ),
  publicKey: text('a public key as PEM text, or the path of a PEM file')
    .optional()
    .describe(
      'Public key for RS, PS and ES algorithms: PEM text, or a PEM file, relative to this file. Or `secret`.',
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
    .describe(
      'Algorithms that are accepted; all of the kind of the key. Required, so that no token chooses.',
    ),
  clockSkew: duration()
    .prefault('60s')
    .describe('How far the clocks of issuer and gateway may be apart. Duration; default 60s.'),
});

export const authSchema = byId(providerSchema);
