import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { until } from '../support/until.js';

const YAML = `
upstreams:
  slow: { url: "\${SLOW_URL}", timeout: 5s, bulkhead: { concurrent: 2, queue: 1 } }
  fast: { url: "\${FAST_URL}" }
routes:
  - { id: slow, match: { path: /slow }, upstream: slow }
  - { id: fast, match: { path: /fast }, upstream: fast }
`;

async function start() {
  const held: ServerResponse[] = [];
  const gw = await gateway(YAML)
    .withUpstream('slow', (_req, res) => void held.push(res))
    .withUpstream('fast', (_req, res) => res.end('fast'))
    .start();
  const gauges = async () => [
    await gw.metric('breakwater_bulkhead_in_flight{upstream="slow"}'),
    await gw.metric('breakwater_bulkhead_queued{upstream="slow"}'),
  ];
  return { gw, held, gauges };
}

it('limits the calls to an upstream, queues a few and rejects the rest without a vote', async () => {
  const { gw, held, gauges } = await start();
  const first = [gw.fetch('/slow'), gw.fetch('/slow'), gw.fetch('/slow')];
  await until('two in flight and one queued', async () => String(await gauges()) === '2,1');

  const refused = await gw.fetch('/slow');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await refused.json()).toMatchObject({ code: 'bulkhead_full', upstream: 'slow' });
  expect(await (await gw.fetch('/fast')).text()).toBe('fast');
  expect(held).toHaveLength(2);

  held[0]?.end();
  await until('the queued one to go', () => held.length === 3);
  held[1]?.end();
  held[2]?.end();
  expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200, 200]);
  await until('all places to be free', async () => String(await gauges()) === '0,0');
  expect(await gw.metric('breakwater_breaker_state{upstream="slow"}')).toBe(0);
});

it('removes a client that disconnects from the queue', async () => {
  const { gw, gauges } = await start();
  const leaving = new AbortController();
  const pending = [gw.fetch('/slow'), gw.fetch('/slow')];
  await until('two in flight', async () => String(await gauges()) === '2,0');
  const waiting = gw.fetch('/slow', { signal: leaving.signal });
  await until('one queued', async () => String(await gauges()) === '2,1');
  leaving.abort();
  await expect(waiting).rejects.toThrow('aborted');
  await until('the queue to be empty', async () => String(await gauges()) === '2,0');
  await gw.gateway.close();
  await Promise.allSettled(pending);
});
