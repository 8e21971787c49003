import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

/** One failure would open the breaker. */
const YAML = `
upstreams: { users: { url: "\${USERS_URL}", breaker: { consecutiveFailures: 1 } } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;
const downloading: RequestListener = (_req, res) => {
  const timer = setInterval(() => res.write('data: more\n\n'), 10);
  res.on('close', () => clearInterval(timer));
};
const overflowing: RequestListener = (_req, res) => {
  const write = () => {
    while (!res.destroyed && res.write(Buffer.alloc(1_000_000)));
  };
  res.on('drain', write);
  write();
};

async function start(handler: RequestListener) {
  const users = recording((req, res) => {
    if (req.url === '/after') res.end('fine');
    else handler(req, res);
  });
  const gw = await gateway(YAML).withUpstream('users', users.handler).start();
  return { users, gw, client: await RawConnection.to(gw.url) };
}

describe('a client that leaves', () => {
  it.each([
    ['while it waits for an answer', requestHead('GET /'), '', () => undefined],
    ['while it downloads', requestHead('GET /'), 'data: more', downloading],
    ['while it downloads and does not read', requestHead('GET /'), 'HTTP/1.1 200', overflowing],
    [
      'while it uploads with a length',
      `${requestHead('POST /', 'Content-Length: 99')}half`,
      '',
      () => undefined,
    ],
    [
      'while it uploads in chunks',
      `${requestHead('PUT /', 'Transfer-Encoding: chunked')}5\r\nhello\r\n`,
      '',
      () => undefined,
    ],
  ])('aborts its upstream call without a vote: %s', async (_, request, wait, handler) => {
    const { users, gw, client } = await start(handler);
    client.send(request);
    await until('the upstream has the request', () => users.requests.length);
    await client.until(wait);
    const [{ socket: upstreamSocket }] = users.requests as [(typeof users.requests)[number]];
    client.socket.destroy();
    await until('the connection to the upstream is closed', () => upstreamSocket.destroyed);

    const calls = (outcome: string) =>
      gw.metric(`breakwater_upstream_requests_total{upstream="users",outcome="${outcome}"}`);
    await until('the call is counted', () => calls('client_gone'));
    expect(await gw.metric('breakwater_breaker_state{upstream="users"}')).toBe(0);
    expect(await (await gw.fetch('/after')).text()).toBe('fine');
    expect([await calls('client_gone'), await calls('success')]).toEqual([1, 1]);
  });

  it('includes a client that half-closes its connection', async () => {
    const { users, gw, client } = await start(() => undefined);
    client.send(requestHead('GET /'));
    await until('the upstream has the request', () => users.requests.length);
    const [{ socket: upstreamSocket }] = users.requests as [(typeof users.requests)[number]];
    client.socket.end();
    expect(await client.ended()).toBe('closed');
    expect(client.received).toBe('');
    await until('the connection to the upstream is closed', () => upstreamSocket.destroyed);
    const series = 'breakwater_requests_total{route="users",method="GET",status="499",outcome="client_gone"}';
    await until('the request is counted', () => gw.metric(series));
  });

  it.each(['/health/live', '/health/ready'])(
    'still gets an answer from %s after half-closing, as some health checks do',
    async (path) => {
      const { client } = await start(() => undefined);
      client.socket.end(requestHead(`GET ${path}`));
      await client.ended();
      expect(client.received).toMatch(/^HTTP\/1\.1 200 /);
    },
  );

  it('is counted with status 499', async () => {
    const { users, gw, client } = await start(() => undefined);
    client.send(requestHead('GET /'));
    await until('the upstream has the request', () => users.requests.length);
    client.socket.destroy();
    const series = 'breakwater_requests_total{route="users",method="GET",status="499",outcome="client_gone"}';
    await until('the request is counted', () => gw.metric(series));
  });

  it('causes no upstream request while it waits for a connection', async () => {
    let first: (() => void) | undefined;
    const users = recording((req, res) => {
      if (req.url === '/1') first = () => res.end('hello');
      else res.end(req.url);
    });
    const gw = await gateway(YAML.replace('url:', 'pool: { connections: 1 }, url:'))
      .withUpstream('users', users.handler)
      .start();
    const [stays, leaves] = [await RawConnection.to(gw.url), await RawConnection.to(gw.url)];
    stays.send(requestHead('GET /1', 'Connection: close'));
    await until('the upstream has the first request', () => first);
    leaves.send(requestHead('GET /2'));
    leaves.socket.destroy();
    const series = 'breakwater_requests_total{route="users",method="GET",status="499",outcome="client_gone"}';
    await until('the second call is given up', () => gw.metric(series));
    first?.();
    await stays.until('hello');
    expect(await (await gw.fetch('/3')).text()).toBe('/3');
    expect(users.requests.map(({ url }) => url)).toEqual(['/1', '/3']);
  });

  it('causes no retry and no vote while it waits for a retry', async () => {
    const { users, gw, client } = await start((_req, res) =>
      res.writeHead(503, { 'retry-after': '1' }).end(),
    );
    client.send(requestHead('GET /'));
    const retries = 'breakwater_retries_total{upstream="users",reason="503"}';
    await until('the pause before the retry', () => gw.metric(retries));
    client.socket.destroy();
    const series = 'breakwater_requests_total{route="users",method="GET",status="499",outcome="client_gone"}';
    await until('the request is counted', () => gw.metric(series));
    const inFlight = 'breakwater_bulkhead_in_flight{upstream="users"}';
    await until('its place to be free', async () => (await gw.metric(inFlight)) === 0);
    expect(await gw.metric('breakwater_breaker_state{upstream="users"}')).toBe(0);
    expect(users.requests).toHaveLength(1);
  });
});
