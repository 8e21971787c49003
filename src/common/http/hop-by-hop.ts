/**
 * Fields that belong to one connection (RFC 9110 section 7.6.1) and all framing: each side's framing is made
 * by its own writer, so none of it is ever forwarded.
 */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Fields that a peer may not make us drop by naming them in `Connection` (they carry safety or meaning). */
const NOT_NOMINABLE: ReadonlySet<string> = new Set([
  'authorization',
  'cache-control',
  'cookie',
  'forwarded',
  'host',
  'set-cookie',
  'vary',
]);

const NONE: ReadonlySet<string> = new Set();

export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP.has(name);
}

/** @returns the lower-cased names a `Connection` field asks us to drop, beyond those always dropped */
export function nominatedByConnection(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined) return NONE;
  const lower = connection.toLowerCase();
  if (lower === 'keep-alive' || lower === 'close') return NONE;
  const names = new Set<string>();
  for (const token of lower.split(',')) {
    const name = token.trim();
    if (name !== '' && !NOT_NOMINABLE.has(name) && !name.startsWith('x-forwarded-')) names.add(name);
  }
  return names;
}
