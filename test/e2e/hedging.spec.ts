import { createServer, type ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway, listen } from '../support/gateway.js';
import { until } from '../support/until.js';

/** Two targets in turn: the first never answers, the second does. */
async function start(more = '') {
  const held: ServerResponse[] = [];
  let left = 0;
  const slow = createServer((_req, res) => {
    held.push(res);
    res.once('close', () => left++);
  });
  const quick = createServer((_req, res) => res.end('quick'));
  const env = { SLOW: await listen(slow), QUICK: await listen(quick) };
  const gw = await gateway(`
upstreams:
  users: { targets: [{ url: "\${SLOW}" }, { url: "\${QUICK}" }], timeout: 10s, balancer: round-robin, hedge: { after: 20ms }, retry: { budget: 100% }, ${more} }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`)
    .withEnv(env)
    .start();
  const count = (name: string, labels: string) => gw.metric(`breakwater_${name}{upstream="users",${labels}}`);
  return { gw, held, left: () => left, count, slowHost: new URL(env.SLOW).host };
}

describe('hedging', () => {
  it('answers a GET from another target and aborts the slow try without a vote', async () => {
    const { gw, held, left, count, slowHost } = await start();
    const hedges = (result: string) => count('hedges_total', `result="${result}"`);
    // On a busy machine the quick target may answer after its hedge started, which is then lost.
    while ((await hedges('won')) < 2) expect(await (await gw.fetch('/x')).text()).toBe('quick');
    await until('the slow tries to be aborted', () => left() === held.length);
    const lostTries = await count('upstream_requests_total', 'outcome="hedge_lost"');
    expect((await hedges('won')) + (await hedges('lost'))).toBe(lostTries);
    // One that was aborted at once may not have reached the target.
    expect(lostTries).toBeGreaterThanOrEqual(held.length);
    expect(await count('target_ejections_total', `target="${slowHost}"`)).toBe(0);
    expect(await gw.metric('breakwater_breaker_state{upstream="users"}')).toBe(0);
  });

  it('ejects a target that no longer answers without a vote for the breaker', async () => {
    const { gw, held, count, slowHost } = await start('outlier: { ejectFor: 10m }');
    const ejections = () => count('target_ejections_total', `target="${slowHost}"`);
    while ((await ejections()) === 0) expect(await (await gw.fetch('/x')).text()).toBe('quick');
    const met = held.length;
    for (let i = 0; i < 10; i++) expect(await (await gw.fetch('/x')).text()).toBe('quick');
    expect([held.length, await gw.metric('breakwater_breaker_state{upstream="users"}')]).toEqual([met, 0]);
  });

  it('sends a POST only once', async () => {
    const { gw, held, count } = await start();
    const pending = Array.from({ length: 2 }, () => gw.fetch('/x', { method: 'POST', body: 'order' }));
    await until('the slow one to have one', () => held.length === 1);
    expect(await (await Promise.any(pending)).text()).toBe('quick');
    expect(held).toHaveLength(1);
    held[0]?.end('slow');
    const texts = await Promise.all(pending.map(async (each) => (await each).status));
    expect([texts, await count('hedges_total', 'result="won"')]).toEqual([[200, 200], 0]);
  });
});
