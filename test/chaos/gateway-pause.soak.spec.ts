import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { expect, it, onTestFinished } from 'vitest';
import { listen } from '../support/gateway.js';
import { requestHead } from '../support/http.js';
import { metric } from '../support/metrics.js';
import { spawnGateway } from '../support/process.js';
import { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

const TIMEOUT_MS = 1_000;
const CLIENTS = 60;

it('a pause of the gateway process costs no request, and opens no breaker', { timeout: 60_000 }, async () => {
  // While the gateway stands still, the service closes the connections that it thinks are idle.
  const users = createServer({ keepAliveTimeout: TIMEOUT_MS }, (_req, res) => {
    setTimeout(() => res.end('alice'), 200);
  });
  const gateway = await spawnGateway(`
    server: { host: 127.0.0.1, port: 0 }
    management: { port: 0 }
    upstreams: { users: { url: "${await listen(users)}", timeout: ${TIMEOUT_MS}ms, retry: { attempts: 0 } } }
    routes: [{ id: users, match: { path: /users/** }, upstream: users }]
  `);
  const answers = { ok: 0, others: new Set<string>(), areOver: false };
  const pool = new Pool(gateway.url, { connections: CLIENTS, pipelining: 1 });
  onTestFinished(() => pool.destroy());
  const client = async (method: 'GET' | 'POST') => {
    while (!answers.areOver) {
      const { statusCode, body } = await pool.request({ path: '/users/alice', method });
      const answer = `${statusCode} ${await body.text()}`;
      if (answer === '200 alice') answers.ok++;
      else answers.others.add(answer);
    }
  };
  const clients = Array.from({ length: CLIENTS }, (_, i) => client(i % 2 === 0 ? 'GET' : 'POST'));
  await until('the service answers', () => answers.ok > 2 * CLIENTS);
  gateway.process.kill('SIGSTOP');
  // The pause itself has to last longer than the timeouts.
  await sleep(2.5 * TIMEOUT_MS);
  gateway.process.kill('SIGCONT');
  const before = answers.ok;
  await until('all clients are answered again', () => answers.ok > before + 3 * CLIENTS, 20_000);
  answers.areOver = true;
  await Promise.all(clients);
  expect([...answers.others]).toEqual([]);
  expect(await metric(gateway.managementUrl, 'breakwater_breaker_transitions_total', {})).toBe(0);
});

it(
  'a pause at the end of `shutdown.delay` cuts no request that arrived meanwhile',
  { timeout: 60_000 },
  async () => {
    const users = createServer((_req, res) => res.end('alice'));
    const gateway = await spawnGateway(`
    server: { host: 127.0.0.1, port: 0, shutdown: { delay: ${TIMEOUT_MS}ms } }
    management: { port: 0 }
    upstreams: { users: { url: "${await listen(users)}" } }
    routes: [{ id: users, match: { path: /** }, upstream: users }]
  `);
    gateway.process.kill('SIGTERM');
    await gateway.process.json(({ msg }) => msg === 'draining');
    gateway.process.kill('SIGSTOP');
    const clients = await Promise.all(Array.from({ length: 5 }, () => RawConnection.to(gateway.url)));
    for (const client of clients) client.send(requestHead('GET /'));
    // The pause itself has to last until the delay is over.
    await sleep(1.5 * TIMEOUT_MS);
    gateway.process.kill('SIGCONT');
    await Promise.all(clients.map((client) => client.until('alice')));
    expect(await gateway.process.exited).toBe(0);
  },
);
