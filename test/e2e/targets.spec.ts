import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway, listen } from '../support/gateway.js';
import { until } from '../support/until.js';

async function start(upstream: string, listening: ('up' | 'resets')[]) {
  const env: Record<string, string> = {};
  for (const [i, mode] of listening.entries()) {
    const server = createServer((req, res) =>
      mode === 'up' ? res.end(`t${i}`) : req.socket.resetAndDestroy(),
    );
    env[`T${i}`] = await listen(server);
  }
  const targets = listening.map((_, i) => `{ url: "\${T${i}}" }`).join(', ');
  const yaml = `
upstreams: { users: { targets: [${targets}], ${upstream} } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;
  const gw = await gateway(yaml).withEnv(env).start();
  const ask = async (headers: Record<string, string> = {}) => {
    const response = await gw.fetch('/x', { headers });
    return `${response.status} ${await response.text()}`;
  };
  const hosts = listening.map((_, i) => new URL(env[`T${i}`] ?? '').host);
  return { gw, ask, hosts };
}

describe('an upstream with several targets', () => {
  it('distributes requests over them', async () => {
    const { ask } = await start('balancer: round-robin', ['up', 'up', 'up']);
    const answers = await Promise.all(Array.from({ length: 9 }, () => ask()));
    expect(answers.toSorted()).toEqual(
      ['t0', 't1', 't2'].flatMap((each) => Array<string>(3).fill(`200 ${each}`)),
    );
  });

  it('hides one broken target of two from idempotent requests and ejects it', async () => {
    const { gw, ask, hosts } = await start('retry: { budget: 100%, backoff: { base: 1ms } }', [
      'resets',
      'up',
    ]);
    for (let i = 0; i < 40; i++) expect(await ask()).toBe('200 t1');
    const ejections = (i: number) =>
      gw.metric(`breakwater_target_ejections_total{upstream="users",target="${hosts[i]}"}`);
    expect([await ejections(0), await ejections(1)]).toEqual([1, 0]);
  });

  it('retries at the same target rather than at an ejected one', async () => {
    const seen = new Set<string | undefined>();
    const flaky = createServer((req, res) => {
      res.statusCode = seen.has(req.url) || req.url === '/first' ? 200 : 503;
      seen.add(req.url);
      res.end();
    });
    const broken = createServer((req) => req.socket.resetAndDestroy());
    const env = { BROKEN: await listen(broken), FLAKY: await listen(flaky) };
    const gw = await gateway(`
upstreams:
  users:
    targets: [{ url: "\${BROKEN}" }, { url: "\${FLAKY}" }]
    balancer: round-robin
    retry: { budget: 100%, backoff: { base: 1ms } }
    outlier: { consecutiveFailures: 1, ejectFor: 10m }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`)
      .withEnv(env)
      .start();
    const ejected = () =>
      gw.metric(`breakwater_target_ejections_total{upstream="users",target="${new URL(env.BROKEN).host}"}`);
    while ((await ejected()) === 0) expect((await gw.fetch('/first')).status).toBe(200);
    for (let i = 0; i < 10; i++) expect((await gw.fetch(`/x${i}`)).status).toBe(200);
  });

  it('keeps each key on one target by consistent hash', async () => {
    const { ask } = await start('balancer: consistent-hash, hashOn: "header:X-Tenant"', ['up', 'up', 'up']);
    const tenants = Array.from({ length: 20 }, (_, i) => `tenant-${i}`);
    const first = await Promise.all(tenants.map((tenant) => ask({ 'x-tenant': tenant })));
    expect(new Set(first).size).toBeGreaterThan(1);
    expect(await Promise.all(tenants.map((tenant) => ask({ 'x-tenant': tenant })))).toEqual(first);
  });

  it('probes each target and sends no requests to those that fail', async () => {
    const health =
      'health: { path: /, interval: 50ms, unhealthyInterval: 50ms, timeout: 5s, failures: 1, passes: 1 }';
    const { gw, ask, hosts } = await start(`balancer: round-robin, retry: { attempts: 0 }, ${health}`, [
      'up',
      'resets',
      'resets',
    ]);
    const up = (i: number) => gw.metric(`breakwater_target_up{upstream="users",target="${hosts[i]}"}`);
    await until('the broken targets to be out', async () => (await up(1)) + (await up(2)) === 0);
    expect(await up(0)).toBe(1);
    for (let i = 0; i < 6; i++) expect(await ask()).toBe('200 t0');
    const whole = (await (await gw.management('/health')).json()) as { status: string; details: unknown };
    expect(whole).toMatchObject({
      status: 'degraded',
      details: { users: { breaker: 'closed', targets: '1/3' } },
    });
  });

  it('uses any target when all are unhealthy and counts a panic', async () => {
    let isWell = true;
    const server = createServer((req, res) => {
      if (req.url === '/health') res.statusCode = isWell ? 200 : 500;
      res.end('fine');
    });
    const url = await listen(server);
    const gw = await gateway(`
upstreams:
  users:
    targets: [{ url: "${url}" }, { url: "${url.replace('127.0.0.1', 'localhost')}" }]
    health: { path: /health, interval: 20ms, unhealthyInterval: 20ms, timeout: 5s, failures: 1, passes: 1 }
    breaker: { mode: shadow }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`).start();
    const panics = () => gw.metric('breakwater_target_panics_total{upstream="users"}');
    expect([await (await gw.fetch('/x')).text(), await panics()]).toEqual(['fine', 0]);
    isWell = false;
    const { host, port } = new URL(url);
    for (const name of [host, `localhost:${port}`]) {
      const up = `breakwater_target_up{upstream="users",target="${name}"}`;
      await until(`${name} to be out`, async () => (await gw.metric(up)) === 0);
    }
    expect([await (await gw.fetch('/x')).text(), await panics()]).toEqual(['fine', 1]);
  });
});
