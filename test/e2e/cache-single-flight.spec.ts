import { describe, expect, it } from 'vitest';
import { bearer } from '../support/tokens.js';
import { until } from '../support/until.js';
import { cached, FRESH, type Given } from '../conformance/cached.js';

function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open: () => open(), opened };
}

describe('many requests for what is not stored', () => {
  it('make one call, key by key and user by user', async () => {
    const { open, opened } = gate();
    const { get, seen } = await cached(async (_n, req): Promise<Given> => {
      await opened;
      return { headers: { ...FRESH }, body: String(req.headers['x-user-id']) };
    });
    const subs = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 'alice' : 'bob'));
    const answers = subs.map((sub) => get('/mine/1', bearer({ sub })));
    await until('both calls are under way', () => seen.length === 2);
    open();
    expect((await Promise.all(answers)).map(({ body }) => body)).toEqual(subs);
    expect(seen).toHaveLength(2);
  });

  it('do not wait for the body of what is not stored', async () => {
    const { open, opened } = gate();
    const { get, seen } = await cached(async (n): Promise<Given> => {
      if (n === 1) await opened;
      return { headers: { 'cache-control': 'no-store' } };
    });
    const first = get();
    await until('the first is under way', () => seen.length === 1);
    const others = [get(), get(), get()];
    open();
    const bodies = await Promise.all([first, ...others]);
    expect(bodies.map(({ body }) => body).toSorted()).toEqual(['1', '2', '3', '4']);
  });

  it('get a whole answer when what they waited for was dropped', async () => {
    const { open, opened } = gate();
    const stale = { 'cache-control': 'max-age=60', age: '100', etag: '"1"' };
    const { get, seen } = await cached(async (n, req): Promise<Given> => {
      if (n === 2) await opened;
      if (req.headers['if-none-match'] === undefined) return { headers: stale };
      return { status: 304, headers: { etag: '"1"', 'cache-control': 'no-store' } };
    });
    await get();
    const answers = [get(), get(), get(), get()];
    await until('it is being validated', () => seen.length === 2);
    // By then the others are here as well.
    await get('/other');
    open();
    for (const { status, body } of await Promise.all(answers)) {
      expect([status, body]).toEqual([200, expect.stringMatching(/./)]);
    }
  });

  it('make a call of their own when the first one fails', async () => {
    const { open, opened } = gate();
    const { get, seen } = await cached(async (n): Promise<Given> => {
      if (n > 1) return { headers: { ...FRESH } };
      await opened;
      return 'reset';
    });
    const first = get();
    await until('the first is under way', () => seen.length === 1);
    const second = get();
    open();
    expect((await first).status).toBe(502);
    expect(await second).toMatchObject({ status: 200, body: '2' });
  });
});
