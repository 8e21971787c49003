import { describe, expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { gateway, type RunningGateway } from '../support/gateway.js';
import { collectBody } from '../support/http.js';
import { fieldsOf, recording } from '../support/recording.js';
import { bearer, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';

const YAML = `
upstreams:
  users: { url: "\${USERS_URL}" }
  next: { url: "\${NEXT_URL}", retry: { attempts: 0 }, breaker: { consecutiveFailures: 1 } }
routes: [{ id: users, match: { path: /** }, upstream: users, mirror: { upstream: next, percent: 100% } }]
`;
const LIMIT = 64 * 1024;

/** Records the bodies it receives. */
function reading() {
  const bodies: string[] = [];
  const upstream = recording((req, res) => {
    void collectBody(req).then((body) => {
      bodies.push(body.toString());
      res.end('mirrored');
    });
  });
  return { ...upstream, bodies };
}

function mirrored(gw: RunningGateway, outcome: string): Promise<number> {
  return gw.metric(`breakwater_upstream_requests_total{upstream="next",outcome="${outcome}"}`);
}

describe('a mirror', () => {
  it('gets a marked copy of the request without affecting the response', async () => {
    const [users, next] = [recording(), reading()];
    const gw = await gateway(`auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }\n${YAML}`)
      .withUpstream('users', users.handler)
      .withUpstream('next', next.handler)
      .start();
    const headers = { ...bearer(), 'breakwater-mirror': '1', 'x-custom': 'a' };
    const response = await gw.fetch('/1?a=b', { headers });
    expect(await response.json()).toMatchObject({ url: '/1?a=b' });
    const copy = await until('the copy arrives', () => next.requests[0]);
    expect(copy).toMatchObject({ method: 'GET', url: '/1?a=b' });
    expect(copy.headers).toMatchObject({ 'x-user-id': 'alice', 'x-custom': 'a' });
    expect(copy.headers['x-request-id']).toBe(response.headers.get('x-request-id'));
    expect(fieldsOf(copy, 'breakwater-mirror')).toEqual(['1']);
    expect(copy.headers).not.toHaveProperty('authorization');
    expect(users.requests[0]?.headers).not.toHaveProperty('breakwater-mirror');
  });

  it('gets bodies up to 64 KiB and no request with a larger one', async () => {
    const [users, next] = [reading(), reading()];
    const gw = await gateway(YAML)
      .withUpstream('users', users.handler)
      .withUpstream('next', next.handler)
      .start();
    const chunked = (body: string) => ({ body: new Blob([body]).stream(), duplex: 'half' });
    const [whole, large] = ['a'.repeat(LIMIT), 'b'.repeat(LIMIT + 1)];
    for (const init of [{ body: large }, chunked(large), { body: whole }, chunked(whole)]) {
      const response = await gw.fetch('/', { method: 'POST', ...init } as RequestInit);
      expect(await response.text()).toBe('mirrored');
    }
    await until('both copies arrive', () => next.bodies.length === 2);
    expect(next.bodies).toEqual([whole, whole]);
    expect(next.requests.map(({ method }) => method)).toEqual(['POST', 'POST']);
    expect(users.bodies.map(({ length }) => length)).toEqual([LIMIT + 1, LIMIT + 1, LIMIT, LIMIT]);
  });

  it('gets no larger body although a fallback upstream may get it', async () => {
    const [users, next] = [reading(), reading()];
    const gw = await gateway(
      YAML.replace(
        '_URL}" }',
        '_URL}", retry: { attempts: 0, maxBodyBytes: 128KiB }, fallback: { upstream: next } }',
      ),
    )
      .withUpstream('users', users.handler)
      .withUpstream('next', next.handler)
      .start();
    for (const length of [LIMIT + 1, LIMIT]) {
      const init = { method: 'POST', body: new Blob(['a'.repeat(length)]).stream(), duplex: 'half' };
      await (await gw.fetch('/', init as RequestInit)).text();
    }
    await until('the smaller body is mirrored', () => next.bodies.some(({ length }) => length === LIMIT));
    expect(next.requests).toHaveLength(1);
  });

  it('gets its configured share of the requests', async () => {
    const next = recording();
    const gw = await gateway(YAML.replace('100%', '50%'))
      .withUpstream('users', (_req, res) => void res.end('fine'))
      .withUpstream('next', next.handler)
      .start();
    // The probability that all or none of them are copied is 2^-59.
    for (let i = 0; i < 60; i++) await (await gw.fetch('/')).text();
    await until('a copy arrives', () => next.requests.length > 0);
    expect(next.requests.length).toBeLessThan(60);
  });

  it('delays nobody when it never answers', async () => {
    const next = recording(() => undefined);
    const gw = await gateway(YAML)
      .withUpstream('users', (_req, res) => void res.end('fine'))
      .withUpstream('next', next.handler)
      .start();
    expect(await (await gw.fetch('/')).text()).toBe('fine');
    await until('the copy arrives', () => next.requests[0]);
  });

  it('is aborted in time when its response never ends', async () => {
    const gw = await gateway(
      YAML.replace('retry:', 'timeout: 200ms, connectTimeout: 100ms, bodyTimeout: 100ms, retry:'),
    )
      .withUpstream('users', (_req, res) => void res.end('fine'))
      .withUpstream('next', (_req, res) => {
        const timer = setInterval(() => res.write('more'), 20);
        res.once('close', () => clearInterval(timer));
      })
      .start();
    await (await gw.fetch('/')).text();
    await until('the copy is given up', () => mirrored(gw, 'discarded'));
    expect(await gw.metric('breakwater_bulkhead_in_flight{upstream="next"}')).toBe(0);
  });

  it.each([
    ['that leaves its stream', 'text/event-stream'],
    ['that has its answer', 'text/plain'],
  ])('has its event stream ended with the exchange of a client %s', async (_, type) => {
    const [left, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const isStream = type === 'text/event-stream';
    const gw = await gateway(YAML)
      .withUpstream('users', (_req, res) => {
        res.writeHead(200, { 'content-type': type }).write('data: 1\n\n');
        if (!isStream) res.end();
      })
      .withUpstream('next', (_req, res) => {
        const answer = () => res.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
        if (isStream) answer();
        else void left.promise.then(answer);
        res.once('close', ended.resolve);
      })
      .start();
    const leaving = new AbortController();
    const response = await gw.fetch('/', { signal: leaving.signal });
    if (!isStream) await response.text();
    leaving.abort();
    left.resolve();
    await ended.promise;
    await until('it is counted', () => mirrored(gw, 'client_gone'));
    expect(await gw.metric('breakwater_breaker_state{upstream="next"}')).toBe(0);
  });

  it('has its response read to the end, even if it takes longer than a retried response may', async () => {
    const gw = await gateway(YAML)
      .withUpstream('users', (_req, res) => void res.end('fine'))
      .withUpstream('next', (_req, res) => {
        res.write('first');
        setTimeout(() => res.end('last'), 600);
      })
      .start();
    await (await gw.fetch('/')).text();
    await until('the copy is answered', () => mirrored(gw, 'success'));
    expect(await mirrored(gw, 'discarded')).toBe(0);
  });

  it('opens only its own breaker when it fails', async () => {
    const gw = await gateway(YAML)
      .withEnv({ NEXT_URL: await closedPort() })
      .withUpstream('users', (_req, res) => void res.end('fine'))
      .start();
    expect(await (await gw.fetch('/')).text()).toBe('fine');
    await until('the copy fails', () => mirrored(gw, 'connect_failed'));
    expect(await gw.metric('breakwater_breaker_state{upstream="next"}')).toBe(2);
    expect(await (await gw.fetch('/')).text()).toBe('fine');
    expect(await gw.metric('breakwater_breaker_state{upstream="users"}')).toBe(0);
  });

  it('has a large response discarded without a vote', async () => {
    const gw = await gateway(YAML)
      .withUpstream('users', (_req, res) => void res.end('fine'))
      .withUpstream('next', (_req, res) => void res.end(Buffer.alloc(4 * 1024 * 1024)))
      .start();
    await (await gw.fetch('/')).text();
    await until('the copy is given up', () => mirrored(gw, 'discarded'));
    expect(await gw.metric('breakwater_breaker_state{upstream="next"}')).toBe(0);
  });
});
