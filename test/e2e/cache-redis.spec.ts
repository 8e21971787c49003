import { request } from 'node:http';
import { expect, it } from 'vitest';
import { describeWithRedis, RedisServer } from '../support/redis.js';
import { type Answer, type ReplicasOptions, twoReplicas } from '../support/replicas.js';
import { bearer } from '../support/tokens.js';
import { until } from '../support/until.js';

async function start(
  answer: Parameters<typeof twoReplicas>[1] = () => ({}),
  options: Partial<ReplicasOptions> = {},
) {
  return twoReplicas(await RedisServer.start(), answer, options);
}

describeWithRedis('gateways that share Redis', () => {
  it('call the upstream once between them', async () => {
    const { a, b, seen, stored } = await start();
    expect(await a.get()).toMatchObject({ body: '1', how: 'fwd=uri-miss' });
    await stored();
    expect(await b.get()).toMatchObject({ body: '1', how: 'hit' });
    expect(seen).toHaveLength(1);
  });

  it('find the variants of each other when they meet them at the same time', async () => {
    const asked = Promise.withResolvers<void>();
    const { a, b, seen, stored } = await start(async (n, req) => {
      if (n === 2) asked.resolve();
      await asked.promise;
      return { headers: { 'cache-control': 'max-age=60', vary: 'accept' }, body: String(req.headers.accept) };
    });
    await Promise.all([a.get('/1', { accept: 'a/a' }), b.get('/1', { accept: 'b/b' })]);
    // The index of the variants, and both of them.
    await stored(3);
    expect(await a.get('/1', { accept: 'b/b' })).toMatchObject({ body: 'b/b', how: 'hit' });
    expect(await b.get('/1', { accept: 'a/a' })).toMatchObject({ body: 'a/a', how: 'hit' });
    expect(seen).toHaveLength(2);
  });

  it('return the same bytes, status and fields with a continuous Age', async () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const headers = {
      'cache-control': 'max-age=60',
      age: '30',
      'content-type': 'image/x',
      'x-odd': 'a\u00ffb',
    };
    const { a, b, stored } = await start(() => ({ status: 203, headers, body: bytes }));
    await a.get();
    await stored();
    const got = await b.get();
    expect(got).toMatchObject({
      status: 203,
      how: 'hit',
      headers: { 'content-type': 'image/x', 'x-odd': 'a\u00ffb' },
    });
    expect(got.bytes).toEqual(bytes);
    expect(got.age).toBeGreaterThanOrEqual(30);
  });

  // The store below revives texts that begin so as dates, expressions, functions and the like.
  it.each([
    '_date_2020-01-01T00:00:00.000Z',
    '_regexp_i|a',
    '_function_f|() => { throw new Error() }',
    '_symbol_a',
    '_bigint_1',
    '_NaN_',
    '_undefined_',
    '_duplicate_["v"]',
    '{"_constructor-name_":"Evil"}',
    '2020-01-01T00:00:00.000Z',
  ])('give headers and bodies as they are: %s', async (text) => {
    const headers = { 'cache-control': 'max-age=60', 'x-odd': text, [text.replaceAll(/[^\w-]/g, '')]: 'x' };
    const { a, b, seen, stored } = await start(() => ({ headers, body: text }));
    const first = await a.get();
    await stored();
    const second = await b.get();
    expect(second).toMatchObject({ how: 'hit', body: text, headers: { 'x-odd': text } });
    const { age: _, date: _date, 'cache-status': _status, 'x-request-id': _id, ...same } = second.headers;
    expect(first.headers).toMatchObject(same);
    expect(seen).toHaveLength(1);
  });

  it('separate users and do not name them in keys', async () => {
    const { a, b, seen, stored, entries } = await start((_, req) => ({
      body: String(req.headers['x-user-id']),
    }));
    const [alice, bob] = [bearer({ sub: 'alice' }), bearer({ sub: 'bob' })];
    expect((await a.get('/mine/1', alice)).body).toBe('alice');
    await stored();
    expect(await b.get('/mine/1', bob)).toMatchObject({ body: 'bob', how: 'fwd=uri-miss' });
    expect(await b.get('/mine/1', alice)).toMatchObject({ body: 'alice', how: 'hit' });
    expect(seen).toHaveLength(2);
    expect((await entries()).join()).not.toMatch(/alice|bob|mine|eyJ/);
  });

  it('separate variants', async () => {
    const vary = { 'cache-control': 'max-age=60', vary: 'accept-language' };
    const { a, b, seen, stored } = await start((_, req) => ({
      headers: vary,
      body: req.headers['accept-language'] ?? '',
    }));
    await a.get('/1', { 'accept-language': 'de' });
    // One key for the index and one for the variant.
    await stored(2);
    expect(await b.get('/1', { 'accept-language': 'en' })).toMatchObject({
      body: 'en',
      how: 'fwd=vary-miss',
    });
    expect(await b.get('/1', { 'accept-language': 'de' })).toMatchObject({ body: 'de', how: 'hit' });
    expect(seen).toHaveLength(2);
  });

  it('use stale responses as long as the route allows and validate them', async () => {
    const stale: Answer['headers'] = { 'cache-control': 'max-age=60', age: '100', etag: '"1"' };
    let isDown = false;
    const { a, b, stored } = await start(
      (_, req) => {
        if (isDown) return { status: 503, headers: {} };
        return req.headers['if-none-match'] === '"1"'
          ? { status: 304, headers: stale, body: '' }
          : { headers: stale, body: 'one' };
      },
      { cache: '{ staleIfError: 1h }' },
    );
    await a.get();
    await stored();
    isDown = true;
    expect(await b.get()).toMatchObject({ status: 200, body: 'one', how: 'fwd=stale' });
  });

  it('read Redis once for concurrent requests', async () => {
    const { a, b, stored, client } = await start();
    await a.get();
    await stored();
    await client.config('RESETSTAT');
    const answers = await Promise.all(Array.from({ length: 20 }, () => b.get()));
    expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['1']));
    const stats = await client.info('commandstats');
    expect(stats).toMatch(/cmdstat_mget:calls=1,/);
  });

  it('do not call the upstream for a client that left during the lookup', async () => {
    const { redis, a, seen } = await start();
    redis.signal('SIGSTOP');
    const server = a.gw.gateway.app.getHttpServer();
    const connections = () =>
      new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
    const early = request(`${a.gw.url}/1`, { agent: false }).on('error', () => {});
    early.end();
    await until('it is there', async () => (await connections()) === 1);
    // Redis answers in order, so that earlier commands are done.
    await a.gw.management('/health/live');
    early.destroy();
    await until('it is gone', async () => (await connections()) === 0);
    redis.signal('SIGCONT');
    // Less than the time that a request waits for another one.
    const next = a.gw.fetch('/1');
    await until('the upstream is asked', () => seen.length > 0, 2_500);
    expect((await next).status).toBe(200);
  });

  it('do not write oversized responses to Redis', async () => {
    const { a, entries } = await start((n) => ({ body: 'x'.repeat(n === 1 ? 2000 : 10) }), {
      memory: '{ maxEntryBytes: 1KiB }',
    });
    await a.get('/large');
    await a.get('/small');
    await until('the small one is there', async () => (await entries()).length > 0);
    expect(await entries()).toHaveLength(1);
  });

  it('set an expiry on entries in Redis', async () => {
    const { a, stored, client, entries } = await start(() => ({
      headers: { 'cache-control': 'max-age=60' },
    }));
    await a.get();
    await stored();
    const [entry = ''] = await entries();
    const [word = ''] = await client.keys('breakwater:g:*');
    const life = await client.pttl(entry);
    expect(life).toBeGreaterThan(50_000);
    expect(life).toBeLessThanOrEqual(60_000);
    expect(await client.pttl(word)).toBeGreaterThan(life);
  });
});
