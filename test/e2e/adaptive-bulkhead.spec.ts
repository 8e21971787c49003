import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { until } from '../support/until.js';

const YAML = (bulkhead: string) => `
upstreams: { users: { url: "\${USERS_URL}", retry: { attempts: 0 }, breaker: { mode: shadow }, bulkhead: ${bulkhead} } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;

it('lowers the limit of an adaptive bulkhead while the upstream answers 503', async () => {
  const held: ServerResponse[] = [];
  const gw = await gateway(YAML('{ concurrent: 256, adaptive: true }'))
    .withUpstream(
      'users',
      (req, res) => void (req.url === '/held' ? held.push(res) : res.writeHead(503).end()),
    )
    .start();
  const gauge = (name: string) => gw.metric(`breakwater_bulkhead_${name}{upstream="users"}`);
  expect(await gauge('limit')).toBe(16);
  const pending = Array.from({ length: 20 }, () => gw.fetch('/held'));
  await until('the rest to queue', async () => (await gauge('queued')) === 4);
  expect(held).toHaveLength(16);
  for (const each of held) each.end();
  await until('the queued ones to go', () => held.length === 20);
  for (const each of held) each.end();
  await Promise.all(pending);
  await until('the limit to sink', async () => {
    await (await gw.fetch('/x')).text();
    return (await gauge('limit')) < 10;
  });
});

it('keeps the configured limit of a bulkhead that is not adaptive', async () => {
  const gw = await gateway(YAML('{ concurrent: 20 }'))
    .withUpstream('users', (_req, res) => res.end())
    .start();
  expect(await gw.metric('breakwater_bulkhead_limit{upstream="users"}')).toBe(20);
});
