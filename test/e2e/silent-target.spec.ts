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
  const ask = async (method = 'GET') => (await gw.fetch('/x', { method })).text();
  return { held, ejections, ask };
}

it('is replaced by another one for requests that may be sent twice', async () => {
  const { held, ask } = await start('timeout: 1500ms');
  // One of two in turn has the silent target.
  const answers = await Promise.all(['GET', 'GET', 'PUT', 'PUT', 'DELETE', 'DELETE'].map(ask));
  expect(new Set(answers)).toEqual(new Set(['quick']));
  expect(held.length).toBeGreaterThanOrEqual(3);
});

it('has one request at a time after its ejection, while it answers nothing', async () => {
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
