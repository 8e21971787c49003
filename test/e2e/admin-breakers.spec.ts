import { describe, expect, it } from 'vitest';
import { EventReader } from '../support/event-stream.js';
import { gateway } from '../support/gateway.js';
import { until } from '../support/until.js';

const start = (upstream = '', management = '{ port: 0 }') =>
  gateway(`
management: ${management}
upstreams: { api: { url: "\${API_URL}", retry: { attempts: 0 }, ${upstream} } }
routes: [{ id: api, match: { path: /** }, upstream: api }]`)
    .withUpstream('api', (req, res) => res.writeHead(req.url === '/fail' ? 500 : 200).end('answer'))
    .start();

type Running = Awaited<ReturnType<typeof start>>;

const act = (gw: Running, path: string, body: object | string, headers = {}) =>
  gw.management(`/admin/breakers/${path}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers,
  });

const REASON = 'database migration';

describe('a breaker that an operator controls', () => {
  it('rejects calls while it is isolated, and reports who isolated it and why', async () => {
    const gw = await start('', '{ port: 0, token: "operators-only-token" }');
    const headers = { authorization: `Basic ${btoa('alice:operators-only-token')}` };
    const reader = await EventReader.open(gw.gateway.managementUrl, headers);
    const answer = await act(gw, 'api/isolate', { reason: REASON }, headers);
    expect(answer.status).toBe(200);
    const refused = await gw.fetch('/x');
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('60');
    const entry = {
      action: 'breaker.isolate',
      subject: 'api',
      reason: REASON,
      by: { peer: '127.0.0.1', name: 'alice' },
    };
    expect(await answer.json()).toMatchObject(entry);
    const audit = await (await gw.management('/admin/audit', { headers })).json();
    expect(audit).toMatchObject({ entries: [{ ...entry, at: expect.any(String) }] });
    expect((await reader.next('action')).data).toMatchObject({ upstream: 'api', ...entry });
    await reader.next('transition', { to: 'open', reason: 'manual' });
    const breakers = await (await gw.management('/admin/breakers', { headers })).json();
    expect(breakers).toMatchObject([{ id: 'api', state: 'open', reason: 'manual', isolatedFor: null }]);
  });

  it('admits the next call as a trial after a reset', async () => {
    const gw = await start();
    await act(gw, 'api/isolate', { reason: REASON, for: '1h' });
    expect((await gw.fetch('/x')).status).toBe(503);
    expect((await act(gw, 'api/reset', { reason: 'done' })).status).toBe(200);
    await until('a call passes', async () => (await gw.fetch('/x')).status === 200);
  });

  it('admits a trial when the isolation ends', async () => {
    const gw = await start();
    await act(gw, 'api/isolate', { reason: REASON, for: '300ms' });
    await until('a call passes', async () => (await gw.fetch('/x')).status === 200);
    const { events } = (await (await gw.management('/admin/upstreams/api/timeline')).json()) as {
      events: { kind: string; reason: string }[];
    };
    const reasons = events.filter(({ kind }) => kind === 'transition').map(({ reason }) => reason);
    expect(reasons).toEqual(['trial-passed', 'open-elapsed', 'manual']);
  });

  it('stays open for openFor after the action open', async () => {
    const gw = await start('breaker: { openFor: 1h, maxOpenFor: 1h }');
    expect(await (await act(gw, 'api/open', { reason: REASON })).json()).toMatchObject({ lasts: 3_600_000 });
    expect((await gw.fetch('/x')).headers.get('retry-after')).toBe('3600');
  });

  it('closes at once, and opens again when calls fail', async () => {
    const gw = await start('breaker: { consecutiveFailures: 2, openFor: 1h, maxOpenFor: 1h }');
    const statuses = async () => [(await gw.fetch('/fail')).status, (await gw.fetch('/fail')).status];
    expect(await statuses()).toEqual([500, 500]);
    expect(await statuses()).toEqual([503, 503]);
    expect((await act(gw, 'api/close', { reason: REASON })).status).toBe(200);
    expect(await statuses()).toEqual([500, 500]);
    expect(await statuses()).toEqual([503, 503]);
  });

  it.each([
    ['apy/isolate', { reason: REASON }, 404, 'There is no upstream "apy". Did you mean "api"? Known: api.'],
    ['api/opn', { reason: REASON }, 404, 'There is no action "opn". Did you mean "open"?'],
    ['api/isolate', {}, 400, 'reason: expected a text, found nothing'],
    ['api/isolate', { reason: ' ' }, 400, 'reason: expected a text, found " "'],
    ['api/isolate', { reason: REASON, for: 600 }, 400, 'for: expected a duration such as'],
    ['api/isolate', { reason: REASON, for: '0' }, 400, 'for: expected a duration such as'],
    ['api/open', { reason: REASON, for: '1m' }, 400, 'unknown key "for"'],
    ['api/open', '{', 400, 'body: expected JSON'],
    ['api/open', 'null', 400, 'body: expected'],
    ['api/open', JSON.stringify({ reason: 'x'.repeat(70_000) }), 413, ''],
  ])('stays as it is after a wrong request: %s %j', async (path, body, status, detail) => {
    const gw = await start();
    const answer = await act(gw, path, body);
    const problem = (await answer.json()) as { detail?: string };
    expect(answer.status).toBe(status);
    expect(problem.detail ?? '').toContain(detail);
    expect((await gw.fetch('/x')).status).toBe(200);
  });

  it('cannot be opened in shadow mode', async () => {
    const gw = await start('breaker: { mode: shadow }');
    const answer = await act(gw, 'api/isolate', { reason: REASON });
    expect([answer.status, await answer.json()]).toMatchObject([409, { code: 'action_refused' }]);
  });
});
