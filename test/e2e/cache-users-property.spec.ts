import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import type { Got } from '../support/http.js';
import { type Answer, oneGateway } from '../conformance/one-gateway.js';
import { bearer } from '../support/tokens.js';

/** A seeded random number generator (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const gateway = oneGateway('{ ttl: 1m, staleIfError: 1h, staleWhileRevalidate: 1h }');
const SUBS = ['alice', 'bob', 'alice","x', 'Alice'];
const VARY = ['accept-language', 'cookie', 'x-a', 'accept-language, x-a', 'x-user-id', 'cookie, x-b'];
const CONTROL = [
  'max-age=60',
  'public, max-age=60',
  's-maxage=60',
  'no-cache',
  'no-store',
  'private, max-age=60',
  '',
  'max-age=60, no-cache="set-cookie"',
  'max-age=0, stale-while-revalidate=60',
  'max-age=0, stale-if-error=60',
];
const ASKED = [
  '',
  '',
  '',
  'no-cache',
  'max-age=0',
  'max-stale',
  'only-if-cached',
  'no-store',
  'min-fresh=30',
];
const METHODS = ['GET', 'GET', 'GET', 'GET', 'GET', 'HEAD', 'POST'];

interface Asked {
  readonly sub: string;
  readonly at: string;
  readonly method: string;
  readonly headers: Record<string, string>;
}

/** Identifies exactly this request; every response carries it in its body and its ETag. */
function tellingOf(sub: string, vary: string, fields: IncomingMessage['headers']): string {
  const told = vary.split(', ').map((name) => (name === 'x-user-id' ? sub : (fields[name] ?? null)));
  return Buffer.from(JSON.stringify([sub, vary, ...told])).toString('base64url');
}

function choices(
  pick: (below: number) => number,
  subs: readonly string[],
): { readonly vary: string; readonly asked: Asked } {
  const vary = pick(VARY.length);
  const one = <T>(from: readonly T[]) => from[pick(from.length)] as T;
  const sub = one(subs);
  const fields: Record<string, string> = { 'x-user-id': one(SUBS) };
  if (pick(4) > 0) fields['accept-language'] = one(['en', 'de']);
  if (pick(4) > 0) fields['cookie'] = `session=${pick(2)}`;
  if (pick(4) > 0) fields['x-a'] = String(pick(2));
  if (pick(4) > 0) fields['x-b'] = String(pick(2));
  const name = VARY[vary] ?? '';
  // Also sends the ETag of others, since a 304 to it would be their response.
  if (pick(4) === 0) fields['if-none-match'] = `"${tellingOf(one(SUBS), name, fields)}"`;
  if (pick(5) === 0) fields['range'] = 'bytes=4-';
  if (pick(9) === 0) fields['connection'] = one(['close, x-a', 'close, x-b', 'close, cookie']);
  const control = one(ASKED);
  if (control !== '') fields['cache-control'] = control;
  const headers = { ...bearer({ sub }), ...fields };
  return { vary: name, asked: { sub, at: `?vary=${vary}&n=${pick(2)}`, method: one(METHODS), headers } };
}

function answer(pick: (below: number) => number, req: IncomingMessage): Answer {
  const vary = VARY[Number(/vary=(\d)/.exec(req.url ?? '')?.[1])] ?? '';
  const telling = tellingOf(
    JSON.parse(`"${String(req.headers['x-user-id']).replaceAll('"', '\\"')}"`) as string,
    vary,
    req.headers,
  );
  if (pick(12) === 0) return pick(2) === 0 ? 'reset' : { status: 503 };
  const etag = `"${telling}"`;
  const headers = { vary, etag, 'cache-control': CONTROL[pick(CONTROL.length)] ?? '', 'x-telling': telling };
  if (req.headers['if-none-match'] === etag) return { status: 304, headers };
  return { headers, body: telling };
}

/** The fields that reach the upstream: all except those that `Connection` names. */
function seenBy({ headers }: Asked): Record<string, string> {
  const dropped = headers['connection']?.split(', ') ?? [];
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name === 'cookie' || !dropped.includes(name)),
  );
}

/** The identity in a response; errors of the gateway and a 416 have none. */
function said({ method }: Asked, telling: string, { status, body, headers }: Got): unknown[] {
  const isOurs = status >= 500;
  const isWhole = method !== 'HEAD' && status === 200;
  return [
    isOurs || status === 416 ? `"${telling}"` : headers['etag'],
    isOurs ? telling : (headers['x-telling'] ?? telling),
    isWhole ? body : telling,
    status === 206 ? body : telling.slice(4),
  ];
}

function check({ vary, asked }: ReturnType<typeof choices>, got: Got): void {
  const telling = tellingOf(asked.sub, vary, seenBy(asked));
  expect(said(asked, telling, got)).toEqual([`"${telling}"`, telling, telling, telling.slice(4)]);
}

// A shared response is the same for all users, so that only variants have to differ.
it.each([
  ['/mine', SUBS],
  ['/shared', ['alice']],
])('never sends the response of another user or variant: %s', async (route, subs) => {
  const pick = numbers(7);
  const asks = Array.from({ length: 700 }, () => choices(pick, subs));
  const { at, seen } = gateway.resource((_n, req) => answer(pick, req), route);
  for (let from = 0; from < asks.length; from += 25) {
    await Promise.all(
      asks.slice(from, from + 25).map(async (each) => {
        const { at: path, headers, method } = each.asked;
        check(each, await at(path, headers, method));
      }),
    );
  }
  expect(seen.length).toBeLessThan(asks.length);
});
