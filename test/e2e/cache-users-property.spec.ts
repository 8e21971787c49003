import { expect, it } from 'vitest';
import { cached, FRESH } from '../conformance/cached.js';
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

const VARY = ['accept-language', 'cookie', 'x-a', 'accept-language, x-a', 'x-user-id'];

it('no user is ever answered with what another one, or another variant, was', async () => {
  const pick = numbers(7);
  const { get, seen } = await cached((_n, req) => {
    const vary = VARY[Number(new URL(req.url ?? '', 'http://a').searchParams.get('vary'))] ?? '';
    const told = vary.split(', ').map((name) => String(req.headers[name]));
    const body = JSON.stringify([req.headers['x-user-id'], req.url, ...told]);
    return { headers: { ...FRESH, vary }, body };
  });
  const requests = Array.from({ length: 300 }, () => {
    const sub = ['alice', 'bob', 'alice","x'][pick(3)] ?? '';
    const vary = pick(VARY.length);
    const headers = {
      'accept-language': ['en', 'de'][pick(2)],
      cookie: `session=${pick(2)}`,
      'x-a': String(pick(2)),
    };
    return { sub, vary, headers };
  });
  const ask = async ({ sub, vary, headers }: (typeof requests)[number]) => {
    const path = `/mine/1?vary=${vary}`;
    const { body } = await get(path, { ...bearer({ sub }), ...headers, 'x-user-id': 'mallory' });
    const told = (VARY[vary] ?? '')
      .split(', ')
      .map((name) => (name === 'x-user-id' ? sub : headers[name as keyof typeof headers]));
    expect(JSON.parse(body)).toEqual([sub, path, ...told]);
  };
  for (let at = 0; at < requests.length; at += 20) {
    await Promise.all(requests.slice(at, at + 20).map(ask));
  }
  expect(seen.length).toBeLessThan(requests.length);
});
