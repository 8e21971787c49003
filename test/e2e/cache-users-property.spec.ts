import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import type { Got } from '../conformance/cached.js';
import { type Answer, oneGateway } from '../conformance/one-gateway.js';
import { bearer } from '../support/tokens.js';

/** A generator of the same numbers in each run (mulberry32). */
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

/** What only who asks exactly this may be told: every answer says it, in its body and in its tag. */
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
  // Somebody else's tag, too: a 304 to it would be an answer of theirs.
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

/** What the upstream gets of the client's fields: all but those that `Connection` names, among them no cookie. */
function seenBy({ headers }: Asked): Record<string, string> {
  const dropped = headers['connection']?.split(', ') ?? [];
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name === 'cookie' || !dropped.includes(name)),
  );
}

/** What it is of, and what it says; of an error of ours, and of a 416, nothing. */
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

// What is shared is the same for all users: there they are one, and only variants have to be told apart.
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
