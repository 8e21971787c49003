import { hash } from 'node:crypto';
import { fieldNames, nominatedByConnection, passesOn } from '../../common/http/header-owners.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { Exchange } from '../routing/exchange.js';
import { filledHeaders } from './cache-key.js';

/** With more fields than this there are so many variants that none is used twice. */
const MAX_FIELDS = 16;

/** The gateway sets these fields, and every key contains their values. */
const KEYED: ReadonlySet<string> = new Set(['host', 'x-forwarded-host', 'x-forwarded-proto']);
/** The gateway sets these fields to a different value for each request or caller. */
const ALWAYS_DIFFERENT: ReadonlySet<string> = new Set([
  'forwarded',
  'via',
  'x-forwarded-for',
  'x-real-ip',
  'x-request-deadline',
  'x-request-id',
]);
/** Lists of case-insensitive tokens. `Accept` is not one: parameters of media types may be case-sensitive. */
const CASE_INSENSITIVE: ReadonlySet<string> = new Set([
  'accept-charset',
  'accept-encoding',
  'accept-language',
]);
/** Of these fields Node's parser keeps one line, while the upstream gets all. */
const SINGLE_LINE: ReadonlySet<string> = new Set([
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
 * @returns the sorted lower-case fields that tell variants apart; `undefined` when no request matches (`*`)
 */
export function varyFields({ vary }: HeaderRecord): readonly string[] | undefined {
  if (vary === undefined) return [];
  const names = new Set(fieldNames(String(vary)).filter((name) => !KEYED.has(name)));
  if (names.has('*') || names.size > MAX_FIELDS) return undefined;
  for (const name of names) if (ALWAYS_DIFFERENT.has(name)) return undefined;
  return [...names].toSorted();
}

/** Names the variant that a request selects, by the fields that the upstream receives. */
export function variantFor(fields: readonly string[], exchange: Exchange): string {
  const { headers, rawHeaders } = exchange.req;
  const { peerTrusted } = exchange.head;
  const ofCaller = exchange.identity?.upstreamHeaders ?? [];
  // Fields that `Connection` names are not forwarded, so the answer is that to a request without them.
  const nominated = nominatedByConnection(headers.connection);
  const values = fields.map((name) => {
    const at = ofCaller.findIndex((each, index) => index % 2 === 0 && each.toLowerCase() === name);
    if (at !== -1) return ofCaller[at + 1];
    // An upstream may name a property that every object has, such as `__proto__`.
    if (!Object.hasOwn(headers, name) || nominated.has(name) || !passesOn(name, peerTrusted)) return null;
    return normalise(name, SINGLE_LINE.has(name) ? linesOf(rawHeaders, name) : headers[name]);
  });
  const named: unknown[] = [fields, values];
  // Beside the values of the client, which a handler of code sees under the same path.
  const filled = filledHeaders(exchange);
  if (filled) named.push(fields.map((name) => filled.get(name) ?? null));
  return hash('sha256', JSON.stringify(named), 'base64url');
}

function linesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}

/** RFC 9111 section 4.1: lines form one list, and whitespace between its members has no meaning. */
function normalise(name: string, value: string | string[] | undefined): string | null {
  if (value === undefined) return null;
  const whole = typeof value === 'string' ? value : value.join(',');
  // A comma in a quoted string is not a separator.
  if (whole.includes('"')) return whole;
  const list = trimmed(whole, ',');
  return CASE_INSENSITIVE.has(name) ? trimmed(list.toLowerCase(), ';') : list;
}

function trimmed(list: string, separator: string): string {
  return list
    .split(separator)
    .map((each) => each.trim())
    .join(separator);
}
