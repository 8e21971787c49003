import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { nominatedByConnection, passesOn } from '../../common/http/header-owners.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';

/** More fields than this make so many variants that none is used twice. */
const MAX_FIELDS = 16;

/** Told to the upstream by the gateway and part of every key already. */
const KEYED: ReadonlySet<string> = new Set(['host', 'x-forwarded-host', 'x-forwarded-proto']);
/** Told to the upstream by the gateway, and another one for each request or caller. */
const NEVER_ALIKE: ReadonlySet<string> = new Set([
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-real-ip',
  'x-request-deadline',
  'x-request-id',
]);
/** Lists of tokens whose case means nothing. Not so `Accept`: a parameter of a media type may mind it. */
const CASELESS: ReadonlySet<string> = new Set(['accept-charset', 'accept-encoding', 'accept-language']);
/** Of these, Node reads one line and drops the others, while the upstream gets them all. */
const ONE_LINE: ReadonlySet<string> = new Set([
  'authorization',
  'content-type',
  'from',
  'if-modified-since',
  'if-unmodified-since',
  'max-forwards',
  'referer',
  'user-agent',
]);

/**
 * RFC 9111 section 4.1.
 *
 * @returns the lower-cased fields that tell variants apart, sorted; `undefined` when no request matches (`*`)
 */
export function varyFields({ vary }: HeaderRecord): readonly string[] | undefined {
  if (vary === undefined) return [];
  const names = new Set(
    String(vary)
      .toLowerCase()
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && !KEYED.has(name)),
  );
  if (names.has('*') || names.size > MAX_FIELDS) return undefined;
  for (const name of names) if (NEVER_ALIKE.has(name)) return undefined;
  return [...names].toSorted();
}

/**
 * Names the variant that a request selects, by what the upstream gets of it.
 *
 * @param told what the upstream is told about the caller, names and values in turn; the client's own fields of
 *   these names never reach it
 * @param peerTrusted whether the upstream gets what the peer says of itself as a proxy
 */
export function variantOf(
  fields: readonly string[],
  { headers, rawHeaders }: Pick<IncomingMessage, 'headers' | 'rawHeaders'>,
  told: readonly string[] = [],
  peerTrusted = false,
): string {
  // What `Connection` names stays here: the answer to such a request is that to one without the field.
  const nominated = nominatedByConnection(headers.connection);
  const values = fields.map((name) => {
    const at = told.findIndex((each, index) => index % 2 === 0 && each.toLowerCase() === name);
    if (at !== -1) return told[at + 1];
    // An upstream may name what every object has: `__proto__`.
    if (!Object.hasOwn(headers, name) || nominated.has(name) || !passesOn(name, peerTrusted)) return null;
    return normalise(name, ONE_LINE.has(name) ? linesOf(rawHeaders, name) : headers[name]);
  });
  return hash('sha256', JSON.stringify([fields, values]), 'base64url');
}

function linesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

/** RFC 9111 section 4.1: lines are one list, and blanks between its members mean nothing. */
function normalise(name: string, value: string | string[] | undefined): string | null {
  if (value === undefined) return null;
  const whole = typeof value === 'string' ? value : value.join(',');
  // A comma in a quoted string divides nothing.
  if (whole.includes('"')) return whole;
  const list = whole
    .split(',')
    .map((each) => each.trim())
    .join(',');
  return CASELESS.has(name) ? list.toLowerCase().replaceAll(/\s*;\s*/g, ';') : list;
}
