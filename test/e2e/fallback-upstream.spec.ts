import { describe, expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { gateway } from '../support/gateway.js';
import { requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { rawUpstream } from '../support/raw-upstream.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

const withFallback = (users: string, rest = '') => `
upstreams:
  users: { url: "\${USERS_URL}", ${users} }
  readonly: { url: "\${READONLY_URL}", retry: { attempts: 0 } }
  archive: { url: "\${ARCHIVE_URL:-http://127.0.0.1:9}" }
routes: [{ id: users, match: { path: /** }, upstream: users, ${rest} }]
`;
const PLAIN = withFallback('retry: { attempts: 0 }, fallback: { upstream: readonly }');
const RESET = rawUpstream((socket) => socket.resetAndDestroy());
const post = (body: RequestInit['body']) => ({ method: 'POST', body, duplex: 'half' }) as RequestInit;

describe('a fallback upstream', () => {
  it('gets requests with their bodies when the first upstream cannot be reached', async () => {
    const readonly = recording();
    const gw = await gateway(PLAIN)
      .withEnv({ USERS_URL: await closedPort() })
      .withUpstream('readonly', readonly.handler)
      .start();
    const large = 'a'.repeat(100_000);
    for (const init of [{}, post('small'), post(large), post(new Blob([large]).stream())]) {
      const response = await gw.fetch('/1?a=b', init);
      expect(response.status).toBe(200);
      expect(response.headers.get('breakwater-fallback')).toBe('upstream');
      expect(await response.json()).toMatchObject({ url: '/1?a=b' });
    }
    expect(readonly.requests).toHaveLength(4);
  });

  it('gets requests with their bodies while the breaker of the first upstream is open', async () => {
    const yaml = withFallback(
      'retry: { attempts: 0 }, breaker: { consecutiveFailures: 1 }, fallback: { upstream: readonly }',
    );
    const gw = await gateway(yaml)
      .withEnv({ USERS_URL: await closedPort() })
      .withUpstream('readonly', recording().handler)
      .start();
    await gw.fetch('/');
    expect(await gw.metric('breakwater_breaker_state{upstream="users"}')).toBe(2);
    const response = await gw.fetch('/', post('whole'));
    expect(response.headers.get('breakwater-fallback')).toBe('upstream');
    expect(await response.json()).toMatchObject({ body: 'whole' });
  });

  it.each(['GET', 'PUT'])(
    'gets an idempotent %s that may have reached the first upstream',
    async (method) => {
      const readonly = recording();
      const gw = await gateway(PLAIN)
        .withUpstream('users', (req) => void req.resume().once('end', () => req.socket.resetAndDestroy()))
        .withUpstream('readonly', readonly.handler)
        .start();
      const body = method === 'PUT' ? 'again' : undefined;
      const response = await gw.fetch('/', { method, body });
      expect(await response.json()).toMatchObject({ method, body: body ?? '' });
    },
  );

  it('gets a request that hangs at the first upstream when perTryTimeout leaves time', async () => {
    const yaml = withFallback(
      'retry: { attempts: 0, perTryTimeout: 100ms }, timeout: 30s, fallback: { upstream: readonly }',
    );
    const gw = await gateway(yaml)
      .withUpstream('users', (req) => void req.resume())
      .withUpstream('readonly', recording().handler)
      .start();
    const response = await gw.fetch('/');
    expect([response.status, response.headers.get('breakwater-fallback')]).toEqual([200, 'upstream']);
  });

  it('has its full timeout after a slow upload', async () => {
    const yaml = withFallback(
      'timeout: 300ms, retry: { maxBodyBytes: 1MiB }, fallback: { upstream: readonly }',
    );
    const gw = await gateway(yaml)
      .withEnv({ USERS_URL: await closedPort() })
      .withUpstream('readonly', recording().handler)
      .start();
    const client = await RawConnection.to(gw.url);
    client.send(
      `${requestHead('PUT /', 'Content-Length: 100000', 'Connection: close')}${'a'.repeat(99_999)}`,
    );
    setTimeout(() => client.send('a'), 500);
    await client.ended();
    expect(client.received).toMatch(/^HTTP\/1.1 200 /);
    expect(client.received.toLowerCase()).toContain('breakwater-fallback: upstream');
  });

  it('never gets a POST that may have reached the first upstream', async () => {
    const readonly = recording();
    const gw = await gateway(PLAIN)
      .withUpstream('users', (req) => void req.resume().once('end', () => req.socket.resetAndDestroy()))
      .withUpstream('readonly', readonly.handler)
      .start();
    const response = await gw.fetch('/', post('once'));
    expect(await response.json()).toMatchObject({ code: 'upstream_reset', upstream: 'users' });
    expect(readonly.requests).toEqual([]);
  });

  it('is not called when the first upstream answers, with any status', async () => {
    const readonly = recording();
    const gw = await gateway(PLAIN)
      .withUpstream('users', (_req, res) => void res.writeHead(503).end('theirs'))
      .withUpstream('readonly', readonly.handler)
      .start();
    const response = await gw.fetch('/');
    expect([response.status, await response.text()]).toEqual([503, 'theirs']);
    expect(response.headers.has('breakwater-fallback')).toBe(false);
    expect(readonly.requests).toEqual([]);
  });

  it('is not called when the deadline has passed', async () => {
    const readonly = recording();
    const gw = await gateway(withFallback('timeout: 50ms, fallback: { upstream: readonly }'))
      .withUpstream('users', () => undefined)
      .withUpstream('readonly', readonly.handler)
      .start();
    const response = await gw.fetch('/');
    expect(await response.json()).toMatchObject({ code: 'upstream_timeout', upstream: 'users' });
    expect(readonly.requests).toEqual([]);
    // The fallback gets no failure vote either.
    const series = 'breakwater_upstream_requests_total{upstream="readonly",outcome="deadline"}';
    expect(await gw.metric(series)).toBe(0);
  });

  it('has the rest of the deadline and at most its own timeout', async () => {
    const readonly = recording();
    const deadline = async (timeout: string) => {
      const gw = await gateway(PLAIN.replace('{ attempts: 0 }', `{ attempts: 0 }, timeout: ${timeout}`))
        .withEnv({ USERS_URL: await closedPort() })
        .withUpstream('readonly', readonly.handler)
        .start();
      await gw.fetch('/');
      return Number(readonly.requests.at(-1)?.headers['x-request-deadline']);
    };
    const [short, long] = [await deadline('2s'), await deadline('20s')];
    expect(short).toBeLessThanOrEqual(2_000);
    expect(long).toBeGreaterThan(2_000);
    expect(long).toBeLessThanOrEqual(3_000);
  });

  it('selects a target by its own hash key', async () => {
    const [one, other] = [recording(), recording()];
    const gw = await gateway(`
upstreams:
  users: { url: "\${USERS_URL}", breaker: { mode: shadow }, fallback: { upstream: readonly } }
  readonly: { targets: [{ url: "\${READONLY_URL}" }, { url: "\${ARCHIVE_URL}" }], balancer: consistent-hash, hashOn: "header:X-Tenant" }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`)
      .withEnv({ USERS_URL: await closedPort() })
      .withUpstream('readonly', one.handler)
      .withUpstream('archive', other.handler)
      .start();
    for (let i = 0; i < 12; i++) await gw.fetch('/', { headers: { 'x-tenant': 'one' } });
    const shares = [one.requests.length, other.requests.length];
    expect(shares.toSorted((a, b) => a - b)).toEqual([0, 12]);
  });

  it('is followed by the static response when it fails too', async () => {
    const response = '{ status: 200, body: none }';
    const gw = await gateway(withFallback(`fallback: { upstream: readonly, response: ${response} }`))
      .withEnv({ USERS_URL: await closedPort(), READONLY_URL: await closedPort() })
      .start();
    const answer = await gw.fetch('/');
    expect([answer.status, await answer.text()]).toEqual([200, 'none']);
    expect(answer.headers.get('breakwater-fallback')).toBe('response');
  });

  it('returns the error of the first upstream when it fails too, and counts its own failure', async () => {
    const gw = await gateway(PLAIN)
      .withEnv({ USERS_URL: await closedPort() })
      .withUpstream('readonly', RESET.server)
      .start();
    const answer = await gw.fetch('/');
    expect(answer.status).toBe(502);
    expect(await answer.json()).toMatchObject({ code: 'upstream_unreachable', upstream: 'users' });
    const series = 'breakwater_upstream_requests_total{upstream="readonly",outcome="reset"}';
    expect(await gw.metric(series)).toBe(1);
  });

  it('is followed by its own fallback when it fails too', async () => {
    const yaml = PLAIN.replace('readonly: { ', 'readonly: { fallback: { upstream: archive }, ');
    const gw = await gateway(yaml)
      .withEnv({ USERS_URL: await closedPort(), READONLY_URL: await closedPort() })
      .withUpstream('archive', (_req, res) => void res.end('archived'))
      .start();
    expect(await (await gw.fetch('/')).text()).toBe('archived');
  });

  it('is not followed by its own fallback when a POST may have reached it', async () => {
    const archive = recording();
    const yaml = PLAIN.replace('readonly: { ', 'readonly: { fallback: { upstream: archive }, ');
    const gw = await gateway(yaml)
      .withEnv({ USERS_URL: await closedPort() })
      .withUpstream('readonly', (req) => void req.resume().once('end', () => req.socket.resetAndDestroy()))
      .withUpstream('archive', archive.handler)
      .start();
    const response = await gw.fetch('/', post('once'));
    expect(await response.json()).toMatchObject({ code: 'upstream_unreachable', upstream: 'users' });
    expect(archive.requests).toEqual([]);
  });

  it('reports a body that is too large without calling its own fallback', async () => {
    const archive = recording();
    const yaml = withFallback(
      'retry: { attempts: 0 }, fallback: { upstream: readonly }',
      'maxBodyBytes: 10B',
    ).replace('readonly: { ', 'readonly: { fallback: { upstream: archive }, ');
    const gw = await gateway(yaml)
      .withEnv({ USERS_URL: await closedPort() })
      .withUpstream('readonly', recording().handler)
      .withUpstream('archive', archive.handler)
      .start();
    const response = await gw.fetch('/', post(new Blob(['more than ten bytes']).stream()));
    expect(await response.json()).toMatchObject({ code: 'body_too_large' });
    expect(archive.requests).toEqual([]);
  });

  it('is aborted when the client disconnects, without a vote or another fallback', async () => {
    const readonly = recording(() => undefined);
    const archive = recording();
    const gw = await gateway(PLAIN.replace('readonly: { ', 'readonly: { fallback: { upstream: archive }, '))
      .withEnv({ USERS_URL: await closedPort() })
      .withUpstream('readonly', readonly.handler)
      .withUpstream('archive', archive.handler)
      .start();
    const client = new AbortController();
    const left = gw.fetch('/', { signal: client.signal }).catch((error: Error) => error.name);
    await until('the fallback upstream is asked', () => readonly.requests[0]);
    client.abort();
    expect(await left).toBe('AbortError');
    const request = 'route="users",method="GET",status="499",outcome="client_gone"';
    await until('it is counted', () => gw.metric(`breakwater_requests_total{${request}}`));
    const call = 'upstream="readonly",outcome="client_gone"';
    await until('its call ends', () => gw.metric(`breakwater_upstream_requests_total{${call}}`));
    const another = 'breakwater_upstream_requests_total{upstream="archive",outcome="client_gone"}';
    expect([archive.requests, await gw.metric(another)]).toEqual([[], 0]);
  });

  it('does not have its response stored by the cache', async () => {
    const readonly = recording((_req, res) => {
      res.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('second choice');
    });
    const gw = await gateway(withFallback('fallback: { upstream: readonly }', 'cache: {}'))
      .withEnv({ USERS_URL: await closedPort() })
      .withUpstream('readonly', readonly.handler)
      .start();
    await (await gw.fetch('/')).text();
    await (await gw.fetch('/')).text();
    expect(readonly.requests).toHaveLength(2);
  });
});
