import { isReservedInRequests, isReservedInResponses } from '../../common/http/header-owners.js';
import { BODILESS_STATUSES } from '../../common/http/response-headers.js';
import type {
  PluginResponse,
  RequestDecision,
  ResponseDecision,
  VerifiedCaller,
} from '../config/plugins/plugin.types.js';
import { FIELD_VALUE, TOKEN } from '../config/schema/http.js';

/** Values of headers by lower-cased name; `null` for those that are removed. */
export type CheckedChanges = ReadonlyMap<string, readonly string[] | null>;

/** An answer that can be sent. */
export interface CheckedResponse {
  readonly status: number;
  /** Lower-cased names. */
  readonly headers: Readonly<Record<string, string[]>>;
  readonly body: Buffer;
}

export interface CheckedRequestDecision {
  readonly headers: CheckedChanges | undefined;
  readonly response: CheckedResponse | undefined;
}

export interface CheckedResponseDecision {
  readonly status: number;
  readonly headers: CheckedChanges | undefined;
}

/*
 * What plugins return is copied before it is used, so that nothing can change afterwards. Each of these functions throws
 * a TypeError that says what cannot be used.
 */

export function readRequestDecision(result: unknown): CheckedRequestDecision | undefined {
  if (result === undefined) return undefined;
  const { headers, response } = keysOf<RequestDecision>(result, ['headers', 'response']);
  return {
    headers: headers === undefined ? undefined : readChanges(headers, isReservedInRequests),
    response: response === undefined ? undefined : readResponse(response),
  };
}

/** @param before status of the response */
export function readResponseDecision(result: unknown, before: number): CheckedResponseDecision | undefined {
  if (result === undefined) return undefined;
  const { status, headers } = keysOf<ResponseDecision>(result, ['status', 'headers']);
  const after = status === undefined ? before : readStatus(status);
  // Whether there is a body is a part of the framing, which is the gateway's.
  if (BODILESS_STATUSES.has(after) !== BODILESS_STATUSES.has(before))
    throw new TypeError(`the status ${after} in place of ${before}: one of them has no body`);
  return {
    status: after,
    headers: headers === undefined ? undefined : readChanges(headers, isReservedInResponses),
  };
}

export function readResponse(result: unknown): CheckedResponse {
  const written = keysOf<PluginResponse>(result, ['status', 'headers', 'body']);
  const headers: Record<string, string[]> = {};
  for (const [name, lines] of readChanges(written.headers ?? {}, isReservedInResponses))
    if (lines) headers[name] = [...lines];
  const status = readStatus(written.status);
  const body = bytesOf(written.body);
  if (body.length > 0 && BODILESS_STATUSES.has(status))
    throw new TypeError(`a body with the status ${status}`);
  const type = contentTypeOf(written.body);
  if (type !== undefined) headers['content-type'] ??= [type];
  return { status, headers, body };
}

/** @returns `undefined` for no body, and for bytes, which can be anything */
function contentTypeOf(body: unknown): string | undefined {
  if (body === undefined || body instanceof Uint8Array) return undefined;
  return typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8';
}

function readStatus(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 599) return value;
  throw new TypeError(`the status ${String(value)}, expected 200 to 599`);
}

function bytesOf(body: unknown): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body);
  // It throws for what is no JSON, such as a cycle, and returns nothing for a function.
  const text = JSON.stringify(body) as string | undefined;
  if (text === undefined) throw new TypeError(`a body of the type ${typeof body}`);
  return Buffer.from(text);
}

function readChanges(value: unknown, isReserved: (name: string) => boolean): CheckedChanges {
  const changes = new Map<string, readonly string[] | null>();
  for (const [written, given] of Object.entries(objectOf(value, 'headers'))) {
    if (!TOKEN.test(written)) throw new TypeError(`the header name ${JSON.stringify(written)}`);
    if (isReserved(written)) throw new TypeError(`the header ${written}, which the gateway sets itself`);
    if (given === undefined) continue;
    changes.set(written.toLowerCase(), given === null ? null : readLines(written, given));
  }
  return changes;
}

function readLines(name: string, given: unknown): string[] {
  return (Array.isArray(given) ? given : [given]).map((line: unknown) => {
    if (typeof line === 'string' && FIELD_VALUE.test(line)) return line;
    // The value may be a secret.
    throw new TypeError(
      `a value of the header ${name} that is no text, or has line breaks or other controls`,
    );
  });
}

/** An unknown key is usually a known one that is misspelt, and would have no effect. */
function keysOf<T extends object>(
  result: unknown,
  known: readonly (keyof T & string)[],
): Partial<Record<keyof T, unknown>> {
  const keys = objectOf(result, 'result');
  const unknown = Object.keys(keys).find((key) => !known.some((each) => each === key));
  if (unknown !== undefined)
    throw new TypeError(`the key ${JSON.stringify(unknown)}, expected ${known.join(', ')}`);
  // It has no other keys.
  return keys as Partial<Record<keyof T, unknown>>;
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new TypeError(`${Array.isArray(value) ? 'a list' : String(value)} as ${what}, expected an object`);
}

/**
 * @param headers names and values in turn
 * @returns the same with the changes
 */
export function applyChanges(headers: readonly string[], changes: CheckedChanges): string[] {
  const changed: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!changes.has(name.toLowerCase())) changed.push(name, headers[i + 1] ?? '');
  }
  for (const [name, values] of changes) for (const value of values ?? []) changed.push(name, value);
  return changed;
}

/** @returns a copy of what a plugin says about a caller */
export function readAuthDecision(result: unknown): 'missing' | 'invalid' | Required<VerifiedCaller> {
  if (result === 'missing' || result === 'invalid') return result;
  const {
    subject,
    scopes = [],
    claims = {},
  } = keysOf<VerifiedCaller>(result, ['subject', 'scopes', 'claims']);
  if (typeof subject !== 'string' || subject === '') throw new TypeError('a caller without a subject');
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string' && !/\s/.test(scope)))
    throw new TypeError('scopes that are no list of words');
  return { subject, scopes: [...(scopes as string[])], claims: { ...objectOf(claims, 'claims') } };
}
