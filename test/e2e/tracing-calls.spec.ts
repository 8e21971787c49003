import { createServer } from 'node:http';
import { Controller, Get, Module } from '@nestjs/common';
import { expect, it } from 'vitest';
import { InjectUpstream, UpstreamModule, UpstreamProxy } from '../../src/index.js';
import { gateway, listen } from '../support/gateway.js';
import { IssuerKey, KeyServer, unavailable } from '../support/key-server.js';
import { OtlpReceiver } from '../support/otlp.js';
import { fieldsOf, recording } from '../support/recording.js';
import { until } from '../support/until.js';

const TRACE_IDS = ['1'.repeat(32), '2'.repeat(32)] as const;
const CALLER = 'b7ad6b7169203331';

@Controller('summary')
class SummaryController {
  constructor(@InjectUpstream('users') private readonly users: UpstreamProxy) {}

  @Get(':id')
  async read(): Promise<string> {
    const texts = [await this.users.get('/name?token=hidden'), await this.users.get('/age')];
    return (await Promise.all(texts.map((each) => each.text()))).join();
  }
}

@Module({ imports: [UpstreamModule.forFeature('users')], controllers: [SummaryController] })
class SummaryModule {}

async function start(routes: string, more = '', users = recording((_req, res) => void res.end('hello'))) {
  const receiver = new OtlpReceiver();
  const next = recording((_req, res) => void res.writeHead(404).end());
  const gw = await gateway(`
tracing: { endpoint: "\${OTEL_URL}", sample: 100% }
upstreams:
  users: { url: "\${USERS_URL}", retry: { attempts: 0 }, ${more} }
  next: { url: "\${NEXT_URL}" }
routes: [{ id: users, match: { path: /** }, upstream: users, ${routes} }]`)
    .withUpstream('otel', receiver.server)
    .withUpstream('users', users.handler)
    .withUpstream('next', next.handler)
    .withModule(SummaryModule)
    .start();
  /** Sends a request of one of the traces of the caller. */
  const ask = async (path: string, trace: 0 | 1 = 0, flags = '01') => {
    const traceparent = `00-${TRACE_IDS[trace]}-${CALLER}-${flags}`;
    await (await gw.fetch(path, { headers: { traceparent } })).text();
  };
  /** @returns the spans of one of them, that of the gateway first, and then in the order of their start */
  const spansOf = async (count: number, trace: 0 | 1 = 0) => {
    await gw.gateway.close();
    const spans = await receiver.trace(TRACE_IDS[trace], count);
    expect(spans).toHaveLength(count);
    return spans
      .toSorted((a, b) => a.kind?.localeCompare(b.kind ?? '') || Number(a.start - b.start))
      .toReversed();
  };
  return { gw, users, next, receiver, ask, spansOf };
}

it('calls of a user controller are spans below that of its request', async () => {
  const { users, ask, spansOf } = await start('');
  await ask('/summary/7');
  const [server, ...calls] = await spansOf(3);
  expect(server).toMatchObject({
    kind: 'server',
    name: 'GET /summary/:id',
    parentId: CALLER,
    attributes: { 'http.route': '/summary/:id' },
  });
  expect(calls.map(({ kind, parentId }) => [kind, parentId])).toEqual(
    Array.from({ length: 2 }, () => ['client', server?.spanId]),
  );
  expect(calls.map(({ attributes }) => new URL(String(attributes['url.full'])).pathname).toSorted()).toEqual([
    '/age',
    '/name',
  ]);
  expect(JSON.stringify(calls.map(({ attributes }) => attributes))).not.toContain('hidden');
  const ids = users.requests.flatMap((req) => fieldsOf(req, 'traceparent').map((each) => each.split('-')[2]));
  expect(new Set(ids)).toEqual(new Set(calls.map(({ spanId }) => spanId)));
});

it('a hedge has a span of its own next to that of the slow try', async () => {
  const receiver = new OtlpReceiver();
  const slow = createServer(() => undefined);
  const quick = createServer((_req, res) => void res.end('quick'));
  const gw = await gateway(`
tracing: { endpoint: "\${OTEL_URL}", sample: 100% }
upstreams: { users: { targets: [{ url: "\${SLOW}" }, { url: "\${QUICK}" }], balancer: round-robin, hedge: { after: 20ms }, retry: { budget: 100% } } }
routes: [{ id: users, match: { path: /** }, upstream: users }]`)
    .withUpstream('otel', receiver.server)
    .withEnv({ SLOW: await listen(slow), QUICK: await listen(quick) })
    .start();
  const won = () => gw.metric('breakwater_hedges_total{upstream="users",result="won"}');
  while ((await won()) === 0) await (await gw.fetch('/')).text();
  await gw.gateway.close();
  const hedge = receiver.spans.find((each) => each.attributes['breakwater.hedge'] === true);
  const siblings = receiver.spans.filter(({ parentId }) => parentId === hedge?.parentId);
  const outcomes = siblings.map(
    ({ attributes: { 'breakwater.hedge': isHedge, 'breakwater.outcome': outcome } }) =>
      isHedge ? `hedge ${outcome}` : String(outcome),
  );
  expect(outcomes.toSorted()).toEqual(['hedge success', 'hedge_lost']);
  expect(receiver.spans.find(({ spanId }) => spanId === hedge?.parentId)).toMatchObject({ kind: 'server' });
});

it('the copy to a mirror is a span below the request that it copies', async () => {
  const { next, ask, spansOf } = await start('mirror: { upstream: next, percent: 100% }');
  await ask('/7');
  const copy = await until('the copy arrives', () => next.requests[0]);
  const [server, ...tries] = await spansOf(3);
  const mirrored = tries.find(({ attributes }) => attributes['breakwater.purpose'] === 'mirror');
  expect(mirrored).toMatchObject({
    kind: 'client',
    parentId: server?.spanId,
    attributes: { 'breakwater.upstream': 'next', 'http.response.status_code': 404 },
  });
  expect(fieldsOf(copy, 'traceparent')).toEqual([`00-${TRACE_IDS[0]}-${mirrored?.spanId}-01`]);
  expect(server?.attributes).toMatchObject({ 'breakwater.upstream': 'users' });
});

it('a refresh in the background is a span below the request that got the stale copy', async () => {
  const users = recording((_req, res) => {
    res.setHeader('Cache-Control', 'max-age=0, stale-while-revalidate=60');
    res.end('hello');
  });
  const { gw, ask, spansOf } = await start('cache: {}', '', users);
  await ask('/7');
  await ask('/7', 1);
  const ended = 'breakwater_upstream_requests_total{upstream="users",outcome="success"}';
  await until('the refresh is over', async () => (await gw.metric(ended)) === 2);
  const [server, refresh] = await spansOf(2, 1);
  expect(server?.attributes).toMatchObject({ 'breakwater.cache': 'stale' });
  expect(refresh).toMatchObject({
    kind: 'client',
    parentId: server?.spanId,
    attributes: { 'breakwater.purpose': 'refresh', 'http.response.status_code': 200 },
  });
});

it.each(['mirror: { upstream: next, percent: 100% }', ''])(
  'a request that is not recorded has no spans at all (%s)',
  async (mirror) => {
    const { gw, receiver, ask } = await start(mirror);
    await ask('/7', 0, '00');
    await gw.gateway.close();
    expect(receiver.spans).toEqual([]);
  },
);

it('the rejection by an open breaker is an event of the request', async () => {
  const users = recording((_req, res) => void res.writeHead(500).end());
  const breaker =
    'breaker: { consecutiveFailures: 1, openFor: 1m, maxOpenFor: 1m }, fallback: { upstream: next }';
  const { ask, spansOf } = await start('', breaker, users);
  await ask('/7');
  await ask('/7', 1);
  const [server, fallback] = await spansOf(2, 1);
  expect(server?.attributes).toMatchObject({
    'breakwater.outcome': 'breaker_open',
    'breakwater.fallback': 'upstream',
  });
  expect(server?.events).toMatchObject([
    {
      name: 'breakwater.rejected',
      attributes: {
        'breakwater.upstream': 'users',
        'breakwater.outcome': 'breaker_open',
        'breakwater.retry_after': expect.any(Number),
      },
    },
  ]);
  expect(server?.events[0]?.at).toBeLessThanOrEqual(fallback?.start ?? 0n);
});

it.each([
  ['success', undefined, { 'http.response.status_code': 200 }],
  ['status', unavailable, { 'http.response.status_code': 503, 'error.type': '503' }],
])('a fetch of keys is a trace of its own: %s', async (result, answer, attributes) => {
  const receiver = new OtlpReceiver();
  const keys = await KeyServer.start(new IssuerKey('a'));
  keys.answer = answer;
  const gw = await gateway(`
tracing: { endpoint: "\${OTEL_URL}", sample: 1% }
auth: { main: { jwksUri: "${keys.jwksUri}", algorithms: [ES256] } }
upstreams: {}
routes: []`)
    .withUpstream('otel', receiver.server)
    .start();
  const count = `breakwater_jwks_refresh_total{provider="main",result="${result}"}`;
  await until('the keys were fetched', async () => (await gw.metric(count)) > 0);
  await gw.gateway.close();
  const [span] = receiver.spans;
  expect(span).toMatchObject({
    name: 'fetch keys',
    kind: 'client',
    parentId: '',
    hasFailed: result !== 'success',
    attributes: {
      'url.full': keys.jwksUri,
      'breakwater.provider': 'main',
      'breakwater.result': result,
      ...attributes,
    },
  });
});
