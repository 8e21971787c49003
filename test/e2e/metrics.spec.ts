import { describe, expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { gateway, type RunningGateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';
import { bearer, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';

const YAML = `
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams:
  users: { url: "\${USERS_URL}" }
  down: { url: "\${DOWN_URL}", retry: { attempts: 0 }, breaker: { consecutiveFailures: 2 } }
routes:
  - { id: users, match: { path: /users/**, methods: [GET] }, upstream: users, cache: {} }
  - { id: down, match: { path: /down }, upstream: down, auth: none }
`;

async function start(): Promise<RunningGateway> {
  return gateway(YAML)
    .withUpstream('users', recording((_req, res) => void res.end('hello')).handler)
    .withEnv({ DOWN_URL: await closedPort() })
    .start();
}

const metricsOf = async (gw: RunningGateway) => (await gw.management('/metrics')).text();

describe('metrics', () => {
  it('are served on the management port in the Prometheus format', async () => {
    const gw = await start();
    const response = await gw.management('/metrics');
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain('# TYPE breakwater_requests_total counter');
  });

  it.each(['/metrics', '/admin', '/admin/'])('are not served on the public port: %s', async (path) => {
    const gw = await start();
    const response = await gw.fetch(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'no_route' });
  });

  it('leave /metrics of the public port to a configured route', async () => {
    const gw = await gateway(
      'upstreams: { u: { url: "${U_URL}" } }\nroutes: [{ id: all, match: { path: /** }, upstream: u }]',
    )
      .withUpstream('u', (_req, res) => void res.end('the upstream’s own'))
      .start();
    expect(await (await gw.fetch('/metrics')).text()).toBe('the upstream’s own');
  });

  it('do not make upstreams reachable through the management port', async () => {
    const gw = await start();
    expect((await gw.management('/users/1')).status).toBe(404);
    expect((await gw.management('/down')).status).toBe(404);
  });

  it('include every upstream from the first scrape on', async () => {
    const text = await metricsOf(await start());
    for (const upstream of ['users', 'down']) {
      expect(text).toContain(`\nbreakwater_breaker_state{upstream="${upstream}"} 0\n`);
      expect(text).toContain(`\nbreakwater_breaker_rejections_total{upstream="${upstream}"} 0\n`);
    }
    expect(text).toMatch(/^process_cpu_seconds_total /m);
    expect(text).toMatch(/^nodejs_eventloop_lag_seconds /m);
  });

  it('count requests by route, method, status and outcome', async () => {
    const gw = await start();
    await (await gw.fetch('/users/1', { headers: bearer() })).text();
    await (await gw.fetch('/users/1', { headers: bearer() })).text();
    await (await gw.fetch('/users/1')).text();
    await (await gw.fetch('/users/1', { method: 'DELETE' })).text();
    await (await gw.fetch('/nowhere')).text();
    const count = (labels: string) => gw.metric(`breakwater_requests_total{${labels}}`);
    expect(await count('route="users",method="GET",status="200",outcome="success"')).toBe(1);
    expect(await count('route="users",method="GET",status="200",outcome="cache_hit"')).toBe(1);
    expect(await count('route="users",method="GET",status="401",outcome="rejected"')).toBe(1);
    expect(await count('route="none",method="DELETE",status="405",outcome="rejected"')).toBe(1);
    expect(await count('route="none",method="GET",status="404",outcome="rejected"')).toBe(1);
    expect(await gw.metric('breakwater_request_duration_seconds_count{route="users",method="GET"}')).toBe(3);
    expect(await gw.metric('breakwater_cache_requests_total{route="users",result="hit"}')).toBe(1);
    expect(await gw.metric('breakwater_upstream_duration_seconds_count{upstream="users"}')).toBe(1);
  });

  it('measure durations in seconds from the request head to the end of the response', async () => {
    const delay = 0.2;
    const gw = await gateway(YAML)
      .withUpstream('users', (_req, res) => {
        res.flushHeaders();
        setTimeout(() => res.end('hello'), delay * 1000);
      })
      .withEnv({ DOWN_URL: await closedPort() })
      .start();
    await (await gw.fetch('/users/1', { headers: bearer() })).text();
    for (const series of [
      'breakwater_request_duration_seconds_sum{route="users",method="GET"}',
      'breakwater_upstream_duration_seconds_sum{upstream="users"}',
    ]) {
      const sum = await until(series, () => gw.metric(series));
      // A timer may be a millisecond early, and late on a busy machine.
      expect(sum).toBeGreaterThan(delay - 0.01);
      expect(sum).toBeLessThan(100 * delay);
    }
  });

  it('report a breaker that opens and rejects', async () => {
    const gw = await start();
    const statuses = [];
    for (let i = 0; i < 4; i++) statuses.push((await gw.fetch('/down')).status);
    expect(statuses).toEqual([502, 502, 503, 503]);
    expect(
      await gw.metric('breakwater_upstream_requests_total{upstream="down",outcome="connect_failed"}'),
    ).toBe(2);
    expect(await gw.metric('breakwater_breaker_state{upstream="down"}')).toBe(2);
    expect(await gw.metric('breakwater_breaker_rejections_total{upstream="down"}')).toBe(2);
    expect(await metricsOf(gw)).toMatch(
      /^breakwater_breaker_transitions_total\{upstream="down",from="closed",to="open",reason="consecutive-failures"\} 1$/m,
    );
    expect(await gw.metric('breakwater_breaker_state{upstream="users"}')).toBe(0);
  });
});
