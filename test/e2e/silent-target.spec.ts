import { createServer, type ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { gateway, listen } from '../support/gateway.js';

/** Two targets in turn: the first answers nothing, the second does. */
async function start(upstream: string) {
  const held: ServerResponse[] = [];
  const silent = createServer((_req, res) => held.push(res));
  const quick = createServer((_req, res) => res.end('quick'));
  const env = { SILENT: await listen(silent), QUICK: await listen(quick) };
  const gw = await gateway(`
upstreams:
  users: { targets: [{ url: "\${SILENT}" }, { url: "\${QUICK}" }], balancer: round-robin, ${upstream} }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`)
    .withEnv(env)
    .start();
  const { host } = new URL(env.SILENT);
  const ejections = () => gw.metric(`breakwater_target_ejections_total{upstream="users",target="${host}"}`);
  const fetch = (method = 'GET', headers = {}) => gw.fetch('/x', { method, headers });
  const ask = async (method?: string) => (await fetch(method)).text();
  return { held, ejections, ask, fetch };
}

const KEY = { 'idempotency-key': 'k1' };

it('has requests with safe methods answered by another target', async () => {
  const { held, ask } = await start('timeout: 1500ms');
  // One of two in turn has the silent target.
  const answers = await Promise.all(['GET', 'GET', 'OPTIONS', 'OPTIONS'].map(ask));
  expect(new Set(answers)).toEqual(new Set(['quick']));
  expect(held.length).toBeGreaterThanOrEqual(2);
});

it.each([
  ['PUT', {}],
  ['DELETE', {}],
  ['POST', KEY],
] as const)(
  'has a %s with headers %j alone, as it may be carried out at this moment',
  async (method, headers) => {
    const { held, fetch } = await start('timeout: 300ms');
    const both = await Promise.all([fetch(method, headers), fetch(method, headers)]);
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 504]));
    expect(held).toHaveLength(1);
  },
);

it('loses a write to another target after the try has timed out', async () => {
  const { held, fetch } = await start('timeout: 20s, retry: { perTryTimeout: 100ms }');
  const both = await Promise.all([fetch('POST', KEY), fetch('POST', KEY)]);
  expect([both.map(({ status }) => status), held.length]).toEqual([[200, 200], 1]);
});

it('gets one request at a time after its ejection while it answers none', async () => {
  const { held, ejections, ask } = await start(
    'timeout: 600ms, outlier: { consecutiveFailures: 1, ejectFor: 20ms }',
  );
  while ((await ejections()) === 0) await ask();
  const met = held.length;
  for (let trials = 0; trials < 3;) {
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask()));
    expect(new Set(answers)).toEqual(new Set(['quick']));
    trials = held.length - met;
    expect(trials).toBeLessThanOrEqual(await ejections());
  }
});
