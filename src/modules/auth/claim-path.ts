import type { Claims } from './registered-claims.js';

/**
 * Compiles the name of a claim: a claim of that very name (`https://example.com/tenant`), or else the way to one
 * inside others (`realm_access.roles`).
 */
export function claimPath(name: string): (claims: Claims) => unknown {
  const steps = name.split('.');
  return (claims) => {
    if (Object.hasOwn(claims, name)) return claims[name];
    return steps.length === 1 ? undefined : steps.reduce<unknown>(stepInto, claims);
  };
}

function stepInto(value: unknown, step: string): unknown {
  // Own keys only: `constructor` is no claim unless the issuer wrote one.
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.hasOwn(value, step)
    ? (value as Record<string, unknown>)[step]
    : undefined;
}
