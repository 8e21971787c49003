import { createServer } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway, listen } from '../support/gateway.js';
import { answersIn, ask, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { spawnGateway } from '../support/process.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';

const post = (path: string, ...fields: string[]) =>
  `${requestHead(`POST ${path}`, 'Content-Length: 2', ...fields)}hi`;
const BEHIND = post('/behind') + post('/behind');

const REFUSED: [name: string, status: number, request: string][] = [
  ['another transfer coding', 400, `${requestHead('POST /1', 'Transfer-Encoding: ,chunked')}0\r\n\r\n`],
  ['two hosts', 400, post('/1', 'Host: a.test', 'Host: b.test')],
  ['too many fields', 431, post('/1', ...Array<string>(100).fill('X-A: b'))],
  ['another expectation', 417, post('/1', 'Expect: a-miracle')],
  ['too long a body', 413, `${requestHead('POST /1', 'Content-Length: 12')}hello, world`],
  [
    'too long a body in chunks',
    413,
    `${requestHead('POST /1', 'Transfer-Encoding: chunked')}c\r\nhello, world\r\n0\r\n\r\n`,
  ],
];

const users = recording((req, res) => void req.resume().on('end', () => res.end(req.url)));
const gw = gateway(`server: { maxBodyBytes: 9B }\n${ONE_ROUTE}`)
  .withUpstream('users', users.handler)
  .startOnce();

describe('pipelined requests after a rejected request that closes the connection', () => {
  it.each(REFUSED)('are not processed: %s', async (_, status, request) => {
    // With a connection to the upstream at hand, nothing delays them.
    await gw.fetch('/warm');
    users.clear();
    const answers = answersIn(await raw(gw.url, request + BEHIND));
    expect(answers).toMatchObject([{ status, headers: { connection: ['close'] } }]);
    await gw.fetch('/warm');
    expect(users.requests.map(({ url }) => url)).not.toContain('/behind');
  });

  it('are not processed behind a CONNECT, which waits for the requests before it', async () => {
    await gw.fetch('/warm');
    users.clear();
    const connect = 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n';
    const answers = answersIn(await raw(gw.url, post('/1') + post('/2') + connect + BEHIND));
    expect(answers).toMatchObject([{ body: '/1' }, { body: '/2' }, { status: 405 }]);
    expect(users.requests.map(({ url }) => url)).toEqual(['/1', '/2']);
  });
});

it('does not end the process when a client resets its connection behind a CONNECT', async () => {
  let [isHeld, isCancelled] = [false, false];
  const service = createServer((req, res) => {
    if (req.url !== '/held') return void res.end(req.url);
    isHeld = true;
    res.on('close', () => (isCancelled = true));
  });
  const yaml = `server: { port: 0 }\nmanagement: { port: 0 }\n${ONE_ROUTE}`;
  const { url, process } = await spawnGateway(yaml, { USERS_URL: await listen(service) });
  const client = await RawConnection.to(url);
  client.send(requestHead('GET /held') + 'CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n');
  await until('the request before it is with the service', () => isHeld);
  client.socket.resetAndDestroy();
  await until('the call is cancelled', () => isCancelled);
  expect((await ask(`${url}/next`)).body).toBe('/next');
  expect(process.stderr).toBe('');
});

describe('pipelined requests during a drain', () => {
  it.each([
    ['begins', 'before'],
    ['has begun', 'after'],
  ])('are processed up to the one that is answered when the drain %s', async (_, sent) => {
    const held: (() => void)[] = [];
    const service = recording(
      (_req, res) => void (sent === 'after' ? res.end() : held.push(() => res.end())),
    );
    const gw = await gateway(ONE_ROUTE).withUpstream('users', service.handler).start();
    const client = await RawConnection.to(gw.url);
    client.send(post('/warm'));
    await until('the connection is in use', () => service.requests.length === 1);
    for (const answer of held.splice(0)) answer();
    await client.until('200 OK');
    client.received = '';
    if (sent === 'before') {
      client.send(post('/1') + BEHIND);
      await until('the first is with the service', () => held.length === 1);
    }
    const shutdown = gw.gateway.shutdown({ delay: 200, drain: 9_000 });
    if (sent === 'after') client.send(post('/1') + BEHIND);
    for (const answer of held) answer();
    await client.ended();
    await shutdown;
    expect(answersIn(client.received)).toMatchObject([{ status: 200, headers: { connection: ['close'] } }]);
    expect(service.requests.map(({ url }) => url)).toEqual(['/warm', '/1']);
  });
});
