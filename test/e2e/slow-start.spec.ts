import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { gateway, listen } from '../support/gateway.js';
import { until } from '../support/until.js';

const BATCH = 20;

it('a target that recovers gets a growing share of the requests', async () => {
  let isUp = true;
  const returning = createServer((req, res) => {
    if (isUp || req.url !== '/health') res.end('returning');
    else req.socket.destroy();
  });
  const steady = createServer((_req, res) => res.end('steady'));
  const env = { T0: await listen(returning), T1: await listen(steady) };
  const gw = await gateway(`
upstreams:
  users:
    targets: [{ url: "\${T0}" }, { url: "\${T1}" }]
    balancer: round-robin
    slowStart: 4s
    health: { path: /health, interval: 50ms, unhealthyInterval: 50ms, timeout: 10s, failures: 1, passes: 1 }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`)
    .withEnv(env)
    .start();
  const target = new URL(env.T0).host;
  const up = () => gw.metric(`breakwater_target_up{upstream="users",target="${target}"}`);
  /** @returns how many requests of a batch it got */
  const got = async () => {
    let count = 0;
    for (let i = 0; i < BATCH; i++) if ((await (await gw.fetch('/x')).text()) === 'returning') count++;
    return count;
  };

  expect(await got()).toBe(BATCH / 2);
  isUp = false;
  await until('it is out', async () => (await up()) === 0);
  expect(await got()).toBe(0);
  isUp = true;
  await until('it is back', async () => (await up()) === 1);
  const shares = [await got()];
  expect(shares[0]).toBeLessThan(BATCH / 2 - 1);
  await until('it has its whole share', async () => shares.push(await got()) && shares.at(-1) === BATCH / 2);
  expect(shares.length).toBeGreaterThan(1);
});
