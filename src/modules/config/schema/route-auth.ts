import { optional, prefault, z } from 'zod';
import { boolean, oneOrMore, text, textLike, withoutPrototype, list } from './scalars.js';

const PROVIDER = 'the id of a provider of `auth`, or a list of them';
/** RFC 6749 section 3.3: the characters of a scope, all of which a challenge can quote. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

export function scopes() {
  const scope = textLike(SCOPE, 'a scope such as users:read, without blanks, quotes and backslashes');
  return list(scope);
}

const CLAIM_FORM = 'a value, a list of values of which it must be one, or { contains: value }';
const claimValues = oneOrMore(z.union([z.string(), z.number(), z.boolean()], CLAIM_FORM), CLAIM_FORM);

/** The claim is one of these values, or a list that contains all of those. */
const claimRequirement = z.union(
  [
    claimValues.transform((oneOf) => ({ oneOf })),
    z.strictObject({
      contains: claimValues.describe(
        'A value, or several, that the claim must contain. The claim is a list.',
      ),
    }),
  ],
  CLAIM_FORM,
);

export const routeAuthSchema = z
  .strictObject({
    provider: optional(oneOrMore(text(PROVIDER), PROVIDER)).describe(
      'Id of the provider whose tokens or keys are accepted, or a list of them. Without this key, every provider is accepted.',
    ),
    scopes: scopes().describe(
      'Scopes that the token must have. A token that lacks one is answered with 403.',
    ),
    claims: prefault(z.record(z.string(), claimRequirement), {})
      .transform(withoutPrototype)
      .describe(
        'Claims that the token must have, by name or by a path such as realm_access.roles. A requirement is a value, a list of which the claim must be one, or `{ contains: value }` for a claim that is a list.',
      ),
    optional: boolean(false).describe(
      'Whether a request without a token is accepted too. An invalid token never is.',
    ),
    forward: boolean(false).describe('Whether the token is forwarded to the upstream.'),
  })
  .transform(({ provider: providers, ...rest }) => ({ ...rest, providers }));
