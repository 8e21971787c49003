import { describe, expect, it } from 'vitest';
import { gateway, type RunningGateway } from '../support/gateway.js';
import { collectBody } from '../support/http.js';

const YAML = (retry: string, more = '') => `
upstreams: { users: { url: "\${USERS_URL}", timeout: 2s, retry: ${retry}, breaker: { consecutiveFailures: 1000, minRequests: 1000 }, ${more} } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;

type Step = 'reset' | 'hang' | number;

/** An upstream that follows a script, call by call, and repeats the last step. It records the bodies. */
async function start(yaml: string, steps: Step[], headers: Record<string, string> = {}) {
  const bodies: string[] = [];
  const deadlines: number[] = [];
  const gw = await gateway(yaml)
    .withUpstream('users', (req, res) => {
      const step = steps[Math.min(bodies.length, steps.length - 1)];
      deadlines.push(Number(req.headers['x-request-deadline']));
      void collectBody(req).then((body) => {
        bodies.push(body.toString());
        if (step === 'reset') req.socket.resetAndDestroy();
        else if (step !== 'hang') res.writeHead(step ?? 200, headers).end(`answer ${bodies.length}`);
      });
    })
    .start();
  return { gw, bodies, deadlines };
}

const retries = (gw: RunningGateway, reason: string) =>
  gw.metric(`breakwater_retries_total{upstream="users",reason="${reason}"}`);

describe('a retry', () => {
  it.each([
    ['reset', 'reset'],
    [503, '503'],
  ] as const)('hides a %s from the client', async (step, reason) => {
    const { gw } = await start(YAML('{ attempts: 1 }'), [step, 200]);
    const response = await gw.fetch('/x');
    expect([response.status, await response.text()]).toEqual([200, 'answer 2']);
    expect(await retries(gw, reason)).toBe(1);
  });

  it('stops after `attempts` with the last response', async () => {
    const { gw, bodies } = await start(YAML('{ attempts: 2, backoff: { base: 1ms } }'), [503]);
    const response = await gw.fetch('/x');
    expect([response.status, await response.text()]).toEqual([503, 'answer 3']);
    expect(bodies).toHaveLength(3);
  });

  it('delivers a POST exactly once when the upstream resets', async () => {
    const { gw, bodies } = await start(YAML('{ attempts: 3 }'), ['reset']);
    const response = await gw.fetch('/x', { method: 'POST', body: 'order' });
    expect(response.status).toBe(502);
    expect(bodies).toEqual(['order']);
  });

  it('sends the same body again when an Idempotency-Key allows it', async () => {
    const { gw, bodies } = await start(YAML('{ attempts: 1 }'), ['reset', 200]);
    const init = { method: 'POST', body: 'order', headers: { 'idempotency-key': 'k1' } };
    expect((await gw.fetch('/x', init)).status).toBe(200);
    expect(bodies).toEqual(['order', 'order']);
  });

  it('is not made for a body over maxBodyBytes', async () => {
    const { gw, bodies } = await start(YAML('{ attempts: 1, maxBodyBytes: 4B }'), ['reset', 200]);
    expect((await gw.fetch('/x', { method: 'PUT', body: '12345' })).status).toBe(502);
    expect(bodies).toEqual(['12345']);
  });

  it('aborts a try that hangs after perTryTimeout', async () => {
    const { gw } = await start(YAML('{ attempts: 1, perTryTimeout: 500ms }'), ['hang', 200]);
    expect(await (await gw.fetch('/x')).text()).toBe('answer 2');
    expect(await retries(gw, 'timeout')).toBe(1);
  });

  it('sends the rest of the deadline to the upstream', async () => {
    const { gw, deadlines } = await start(YAML('{ attempts: 1, perTryTimeout: 300ms }'), ['hang', 200]);
    await gw.fetch('/x', { headers: { 'x-request-deadline': '999999' } });
    const [first = 0, second = 0] = deadlines;
    expect(first).toBeGreaterThan(1_000);
    expect(first).toBeLessThanOrEqual(2_000);
    expect(first - second).toBeGreaterThanOrEqual(299);
  });

  it('waits for Retry-After of the upstream if it ends before the deadline', async () => {
    const at: number[] = [];
    const gw = await gateway(YAML('{ attempts: 1, backoff: { base: 1ms } }'))
      .withUpstream('users', (_req, res) => {
        at.push(performance.now());
        if (at.length === 1) res.writeHead(503, { 'retry-after': '1' });
        res.end();
      })
      .start();
    expect((await gw.fetch('/x')).status).toBe(200);
    const [first = 0, second = 0] = at;
    // Timers have a resolution of a millisecond.
    expect(second - first).toBeGreaterThan(998);
  });

  it('is not made once a part of the response was sent', async () => {
    let asked = 0;
    const gw = await gateway(YAML('{ attempts: 3, budget: 100%, backoff: { base: 1ms } }'))
      .withUpstream('users', (req, res) => {
        asked++;
        res.write('half', () => req.socket.resetAndDestroy());
      })
      .start();
    await expect(gw.fetch('/x').then((response) => response.text())).rejects.toThrow('terminated');
    expect(asked).toBe(1);
    const died = 'breakwater_upstream_requests_total{upstream="users",outcome="died_mid_body"}';
    expect(await gw.metric(died)).toBe(1);
  });

  it('has the rest of the deadline', async () => {
    const retry = '{ attempts: 9, budget: 100%, perTryTimeout: 1500ms, backoff: { base: 1ms } }';
    const { gw, bodies } = await start(YAML(retry), ['hang']);
    const response = await gw.fetch('/x');
    expect([response.status, await response.json()]).toMatchObject([504, { code: 'upstream_timeout' }]);
    const ended = (outcome: string) =>
      gw.metric(`breakwater_upstream_requests_total{upstream="users",outcome="${outcome}"}`);
    expect([await ended('try_timeout'), await ended('deadline'), bodies.length]).toEqual([1, 1, 2]);
  });

  it('is not made when Retry-After exceeds the rest of the deadline', async () => {
    const { gw, bodies } = await start(YAML('{ attempts: 1 }'), [503, 200], { 'retry-after': '3' });
    expect((await gw.fetch('/x')).status).toBe(503);
    expect(bodies).toHaveLength(1);
  });

  it('is limited by the budget', async () => {
    const { gw, bodies } = await start(YAML('{ attempts: 1, budget: 20%, backoff: { base: 1ms } }'), [503]);
    await Promise.all(Array.from({ length: 100 }, async () => (await gw.fetch('/x')).text()));
    expect(bodies.length).toBeGreaterThan(100);
    expect(bodies.length).toBeLessThanOrEqual(125);
    expect(await gw.metric('breakwater_retry_budget_exhausted_total{upstream="users"}')).toBeGreaterThan(70);
  });

  it('casts one vote for all its tries', async () => {
    const yaml = YAML('{ attempts: 1, backoff: { base: 1ms } }').replace('Failures: 1000', 'Failures: 3');
    const { gw } = await start(yaml, ['reset']);
    const codes: unknown[] = [];
    for (let i = 0; i < 4; i++) codes.push(((await (await gw.fetch('/x')).json()) as { code: string }).code);
    expect(codes).toEqual(['upstream_reset', 'upstream_reset', 'upstream_reset', 'breaker_open']);
  });
});
