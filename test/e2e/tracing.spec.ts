import { describe, expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { gateway } from '../support/gateway.js';
import { OtlpReceiver, type ReceivedSpan } from '../support/otlp.js';
import { fieldsOf, recording } from '../support/recording.js';
import { bearer, SECRET } from '../support/tokens.js';

const YAML = `
tracing: { endpoint: "\${OTEL_URL}", sample: 100%, serviceName: edge, headers: { X-Scope-OrgID: shop } }
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
defaults: { balancer: round-robin }
upstreams:
  users: { url: "\${USERS_URL}/v1", retry: { attempts: 1, on: [500], backoff: { base: 1ms } } }
  down: { url: "\${DOWN_URL}", retry: { attempts: 0 }, fallback: { response: { status: 200, body: away } } }
routes:
  - { id: users, match: { path: "/users/{id}" }, upstream: users, auth: none, cache: {} }
  - { id: down, match: { path: /down }, upstream: down, auth: none }
  - { id: secured, match: { path: /secured }, upstream: users }
`;

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT_ID = 'b7ad6b7169203331';
const parent = (flags = '01') => ({ traceparent: `00-${TRACE_ID}-${PARENT_ID}-${flags}` });

async function start(yaml = YAML) {
  const receiver = new OtlpReceiver();
  const users = recording((_req, res) => {
    res.statusCode = users.requests.length === 1 ? 500 : 200;
    res.end('hello');
  });
  const gw = await gateway(yaml)
    .withUpstream('otel', receiver.server)
    .withUpstream('users', users.handler)
    .withEnv({ DOWN_URL: await closedPort() })
    .start();
  /** Sends a request of the caller's trace. @returns its spans, that of the gateway first */
  const spansOf = async (path: string, count: number, headers = {}) => {
    await (await gw.fetch(path, { headers: { ...parent(), ...headers } })).text();
    await gw.gateway.close();
    return (await receiver.trace(TRACE_ID, count)).toSorted((a, b) => Number(a.start - b.start));
  };
  return { gw, users, receiver, spansOf };
}

const attribute = (name: string) => (span: ReceivedSpan) => span.attributes[name];

describe('the trace of a request', () => {
  it('has the span of the caller, one of the gateway below it, and one for each try', async () => {
    const { users, spansOf } = await start();
    const [server, first, second] = await spansOf('/users/7?token=hidden', 3);
    expect(server).toMatchObject({
      name: 'GET /users/{id}',
      kind: 'server',
      parentId: PARENT_ID,
      hasFailed: false,
      resource: { 'service.name': 'edge' },
      attributes: {
        'http.request.method': 'GET',
        'http.route': '/users/{id}',
        'http.response.status_code': 200,
        'url.scheme': 'http',
        'url.path': '/users/7',
        'server.address': '127.0.0.1',
        'client.address': '127.0.0.1',
        'breakwater.route': 'users',
        'breakwater.outcome': 'success',
        'breakwater.cache': 'forward',
        'breakwater.upstream': 'users',
      },
    });
    expect(first).toMatchObject({
      name: 'GET',
      kind: 'client',
      parentId: server?.spanId,
      hasFailed: true,
      attributes: {
        'http.response.status_code': 500,
        'error.type': '500',
        'breakwater.outcome': 'upstream_status',
      },
    });
    expect(first?.attributes).not.toHaveProperty('http.request.resend_count');
    expect(second).toMatchObject({
      parentId: server?.spanId,
      hasFailed: false,
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': 200,
        'http.request.resend_count': 1,
        'breakwater.outcome': 'success',
        'breakwater.upstream': 'users',
      },
    });
    expect(second?.attributes['url.full']).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1\/users\/7$/);
    // Each upstream continues at the span of its own try.
    expect(users.requests.map((req) => fieldsOf(req, 'traceparent'))).toEqual([
      [`00-${TRACE_ID}-${first?.spanId}-01`],
      [`00-${TRACE_ID}-${second?.spanId}-01`],
    ]);
  });

  it('covers the time of the request', async () => {
    const before = BigInt(Date.now() - 1) * 1_000_000n;
    const { spansOf } = await start();
    const [server, ...tries] = (await spansOf('/users/7', 3)) as [ReceivedSpan, ...ReceivedSpan[]];
    const after = BigInt(Date.now() + 1) * 1_000_000n;
    expect([server.start >= before, server.end > server.start, server.end <= after]).toEqual([
      true,
      true,
      true,
    ]);
    for (const each of tries)
      expect([each.start >= server.start, each.end <= server.end]).toEqual([true, true]);
    const [decided, ...more] = server.events;
    expect(more).toEqual([]);
    expect(decided?.attributes).toEqual({ 'breakwater.cache_status': 'Breakwater; fwd=uri-miss' });
    const at = decided?.at ?? 0n;
    expect([at >= server.start, at <= (tries[0]?.start ?? 0n)]).toEqual([true, true]);
  });

  it('has the cause of a failed try, and the fallback that the client got', async () => {
    const { spansOf } = await start();
    const [server, failed] = await spansOf('/down', 2);
    expect(server).toMatchObject({
      hasFailed: false,
      attributes: {
        'http.response.status_code': 200,
        'breakwater.outcome': 'connect_failed',
        'breakwater.fallback': 'response',
      },
    });
    expect(server?.attributes['breakwater.cause']).toMatch(/^ECONNREFUSED/);
    expect(failed).toMatchObject({
      hasFailed: true,
      message: 'ECONNREFUSED',
      attributes: {
        'error.type': 'connect_failed',
        'breakwater.outcome': 'connect_failed',
        'breakwater.cause': 'ECONNREFUSED',
      },
    });
  });

  it('has the result of authentication', async () => {
    const refused = await start();
    const [span] = await refused.spansOf('/secured', 1);
    expect(span).toMatchObject({
      hasFailed: false,
      attributes: { 'breakwater.auth': 'missing', 'http.response.status_code': 401 },
      events: [{ name: 'breakwater.auth', attributes: {} }],
    });
    const admitted = await start();
    const [server] = await admitted.spansOf('/secured', 3, bearer({ sub: 'someone' }));
    expect(server?.attributes).toMatchObject({ 'breakwater.auth': 'verified' });
    expect(server?.events).toMatchObject([
      { name: 'breakwater.auth', attributes: { 'breakwater.provider': 'main' } },
    ]);
  });

  it('has a cache hit as an event, and no span for a try', async () => {
    const { gw, receiver } = await start();
    const ask = async (id: string) => {
      const traceparent = `00-${id}-${PARENT_ID}-01`;
      await (await gw.fetch('/users/7', { headers: { traceparent } })).text();
    };
    const ids = ['1'.repeat(32), '2'.repeat(32)] as const;
    for (const id of ids) await ask(id);
    await gw.gateway.close();
    const spans = await receiver.trace(ids[1], 1);
    expect(spans.map(attribute('breakwater.cache'))).toEqual(['hit']);
    expect(spans[0]?.attributes).toMatchObject({ 'breakwater.outcome': 'cache_hit' });
    expect(spans[0]?.events).toMatchObject([
      { name: 'breakwater.cache', attributes: { 'breakwater.cache_status': expect.stringMatching(/; hit/) } },
    ]);
  });
});

describe('spans', () => {
  it('are sent to /v1/traces with the headers of the configuration', async () => {
    const { receiver, spansOf } = await start();
    await spansOf('/users/7', 3);
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/v1/traces']);
    expect(receiver.requests[0]?.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'x-scope-orgid': 'shop',
    });
  });

  it('hold no query, no header and no name of a user', async () => {
    const { receiver, spansOf } = await start();
    const headers = {
      ...bearer({ sub: 'someone' }),
      cookie: 'session=hidden',
      'x-api-key': 'hidden',
      'user-agent': 'hidden',
    };
    await spansOf('/secured?access_token_of_mine=hidden', 3, headers);
    const everything = JSON.stringify(receiver.spans, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    for (const secret of ['hidden', 'someone', 'access_token_of_mine', headers.authorization.slice(7)])
      expect(everything).not.toContain(secret);
  });
});
