/**
 * Compiles a list of origins.
 *
 * @param origins validated by the config schema: whole origins, `https://*.example.com` for all below a name, `*` for all
 * @returns whether a page of this origin is among them
 */
export function originMatcher(origins: readonly string[]): (origin: string) => boolean {
  if (origins.includes('*')) return () => true;
  const exact = new Set(origins);
  const wildcards = origins
    .filter((origin) => origin.includes('*'))
    .map((origin) => {
      const [scheme = '', suffix = ''] = origin.split('*');
      return { scheme, suffix };
    });
  return (origin) =>
    exact.has(origin) ||
    wildcards.some(
      ({ scheme, suffix }) =>
        origin.startsWith(scheme) &&
        origin.endsWith(suffix) &&
        LABELS.test(origin.slice(scheme.length, -suffix.length)),
    );
}

const LABELS = /^[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_-])?$/;
