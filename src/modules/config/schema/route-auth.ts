import { z } from 'zod';
import type { ClaimRequirement } from '../gateway-config.js';
import { boolean, text, withoutPrototype } from './scalars.js';

const PROVIDER = 'the id of a provider of `auth`, or a list of them';
/** RFC 6749 section 3.3: what a scope may hold, and so what a challenge can quote. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const SCOPE_FORM = 'a scope such as users:read, without blanks, quotes and backslashes';

export function scopes() {
  return z.array(z.string(SCOPE_FORM).regex(SCOPE, SCOPE_FORM)).prefault([]);
}

const CLAIM_FORM = 'a value, a list of values of which it must be one, or { contains: value }';

function claimValue() {
  return z.union([z.string(), z.number(), z.boolean()], CLAIM_FORM);
}

/** One or several. */
function claimValues() {
  return z.union(
    [claimValue().transform((one) => [one]), z.array(claimValue()).min(1, CLAIM_FORM)],
    CLAIM_FORM,
  );
}

const requirement = z.union(
  [
    claimValues().transform((oneOf): ClaimRequirement => ({ oneOf })),
    z
      .strictObject({
        contains: claimValues().describe('What the claim, a list, must hold: a value, or several. Required.'),
      })
      .transform((each): ClaimRequirement => each),
  ],
  CLAIM_FORM,
);

export const routeAuthSchema = z
  .strictObject({
    provider: z
      .union(
        [
          text(PROVIDER).transform((one) => [one]),
          z.array(text('the id of a provider of `auth`')).min(1, PROVIDER),
        ],
        PROVIDER,
      )
      .optional()
      .describe('Id of the provider whose tokens or keys are accepted, or several. Default: every provider.'),
    scopes: scopes().describe(
      'Scopes that the token must have, all of them; else the answer is 403. Default: none.',
    ),
    claims: z
      .record(z.string(), requirement)
      .prefault({})
      .transform(withoutPrototype)
      .describe(
        'Claims that the token must have, by name or path such as realm_access.roles: a value, a list of which it must be one, or { contains: value } for a list. Default: none.',
      ),
    optional: boolean()
      .prefault(false)
      .describe('Whether a request without a token passes too; a bad token never does. Default false.'),
    forward: boolean().prefault(false).describe('Whether the upstream gets the token. Default false.'),
  })
  .transform(({ provider, ...rest }) => (provider === undefined ? rest : { ...rest, providers: provider }));
