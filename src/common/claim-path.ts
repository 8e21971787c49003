/** The verified payload of a token. */
export type Claims = Readonly<Record<string, unknown>>;

/** Without `%`, which is encoded as well, or two subjects could be written alike. */
const VISIBLE_ASCII = /^[\x21-\x24\x26-\x7e]*$/;

/**
 * Compiles the name of a claim. A claim of exactly that name (`https://example.com/tenant`) counts first, then the path
 * to a nested one (`realm_access.roles`).
 */
export function claimPath(name: string): (claims: Claims) => unknown {
  const steps = name.split('.');
  return (claims) => {
    if (Object.hasOwn(claims, name)) return claims[name];
    return steps.length === 1 ? undefined : steps.reduce<unknown>(stepInto, claims);
  };
}

function stepInto(value: unknown, step: string): unknown {
  // Own keys only: `constructor` is not a claim unless the issuer wrote one.
  return isRecord(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

/** @returns whether parsed JSON is an object, and not a list */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @returns a plain value as it is, a list of them separated by spaces, and `undefined` for anything else */
export function headerValue(value: unknown): string | undefined {
  const items: unknown[] = Array.isArray(value) ? value : [value];
  const plain = items.filter((each) => ['string', 'number', 'boolean'].includes(typeof each));
  if (plain.length === 0 || plain.length < items.length) return undefined;
  return plain.map((each) => headerSafe(String(each))).join(' ');
}

/** A claim may be any string, and a header takes only visible ASCII safely, so the rest is percent-encoded. */
export function headerSafe(value: string): string {
  return VISIBLE_ASCII.test(value) ? value : encodeURIComponent(value.toWellFormed());
}
