import { createServer, type Server } from 'node:http';
import { expect, it } from 'vitest';
import { gateway, listen } from '../support/gateway.js';
import { until } from '../support/until.js';

it('when two of three targets die under load, no client of a GET sees an error', async () => {
  const servers: Server[] = [];
  const env: Record<string, string> = {};
  for (let i = 0; i < 3; i++) {
    const server = createServer((_req, res) => res.end(`t${i}`));
    servers.push(server);
    env[`T${i}`] = await listen(server);
  }
  const gw = await gateway(`
upstreams:
  users:
    targets: [{ url: "\${T0}" }, { url: "\${T1}" }, { url: "\${T2}" }]
    timeout: 10s
    retry: { attempts: 2, budget: 100%, backoff: { base: 1ms } }
    outlier: { maxEjected: 70% }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`)
    .withEnv(env)
    .start();
  const answers: string[] = [];
  const clients = { running: true };
  const work = async () => {
    while (clients.running) {
      const response = await gw.fetch('/x');
      answers.push(`${response.status} ${await response.text()}`);
    }
  };
  const workers = Array.from({ length: 4 }, work);
  await until('all three to answer', () => new Set(answers).size === 3);
  for (const server of servers.slice(0, 2)) {
    server.close();
    server.closeAllConnections();
  }
  const ejected = async (i: number) =>
    gw.metric(
      `breakwater_target_ejections_total{upstream="users",target="${new URL(env[`T${i}`] ?? '').host}"}`,
    );
  await until('both to be ejected', async () => (await ejected(0)) > 0 && (await ejected(1)) > 0);
  const before = answers.length;
  await until('more answers', () => answers.length > before + 50);
  clients.running = false;
  await Promise.all(workers);
  expect(new Set(answers)).toEqual(new Set(['200 t0', '200 t1', '200 t2']));
  expect(await gw.metric('breakwater_breaker_state{upstream="users"}')).toBe(0);
});
