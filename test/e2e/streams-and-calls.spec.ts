import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

/** One failure opens the breaker of the first, whose limits are those that are shipped. */
const YAML = `
upstreams:
  users: { url: "\${USERS_URL}", breaker: { consecutiveFailures: 1 } }
  small: { url: "\${USERS_URL}", bulkhead: { concurrent: 2, queue: 0, streams: 2 } }
  files: { url: "\${USERS_URL}", bulkhead: { concurrent: 2 } }
routes:
  - { id: users, match: { path: /users/** }, upstream: users, rewrite: { stripPrefix: /users } }
  - { id: files, match: { path: /files/** }, upstream: files, rewrite: { stripPrefix: /files } }
  - { id: small, match: { path: /small/** }, upstream: small, rewrite: { stripPrefix: /small } }
`;
const EVENTS = { 'content-type': 'text/event-stream' };
/** More than the buffers of two connections hold. */
const LARGE = 16 * 1024 * 1024;
const PIECE = Buffer.alloc(256 * 1024, 'x');

function* large() {
  for (let sent = 0; sent < LARGE; sent += PIECE.length) yield PIECE;
}

const held: ServerResponse[] = [];
const gw = gateway(YAML)
  .withUpstream('users', (req, res) => {
    if (req.url === '/events') res.writeHead(200, EVENTS).write('data: hello\n\n');
    else if (req.url === '/large') pipeline(large(), res, () => undefined);
    else if (req.url === '/held') held.push(res);
    else req.resume().once('end', () => res.end('quick'));
  })
  .startOnce();

const gauge = (name: string, upstream: string) =>
  gw.metric(`breakwater_bulkhead_${name}{upstream="${upstream}"}`);
const isClosed = async (upstream: string) =>
  (await gw.metric(`breakwater_breaker_state{upstream="${upstream}"}`)) === 0;

/** Sends a request on each of several connections. */
async function open(count: number, path: string, ...headers: string[]): Promise<RawConnection[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => RawConnection.to(gw.url)));
  for (const client of clients) client.send(requestHead(`GET ${path}`, ...headers));
  return clients;
}

const destroy = (clients: readonly RawConnection[]) => clients.forEach(({ socket }) => socket.destroy());

async function allFree(upstream: string) {
  await until('all places are free', async () => {
    return (await gauge('in_flight', upstream)) === 0 && (await gauge('streams', upstream)) === 0;
  });
}

describe('short calls to an upstream', () => {
  it('are answered beside more open event streams than calls are allowed at a time', async () => {
    const clients = await open(300, '/users/events');
    await Promise.all(clients.map((client) => client.until('hello')));
    expect([await gauge('in_flight', 'users'), await gauge('streams', 'users')]).toEqual([0, 300]);
    expect(await (await gw.fetch('/users/quick')).text()).toBe('quick');
    expect(await isClosed('users')).toBe(true);
    destroy(clients);
    await allFree('users');
  });

  it('are answered beside more slow readers than calls are allowed at a time', async () => {
    const clients = await open(5, '/files/large');
    for (const { socket } of clients) socket.pause();
    await until('all have their response head', async () => (await gauge('streams', 'files')) === 5);
    expect(await (await gw.fetch('/files/quick')).text()).toBe('quick');
    expect(await isClosed('files')).toBe(true);
    destroy(clients);
    await allFree('files');
  });

  it('are answered beside clients that take long to send their bodies', async () => {
    const clients = await Promise.all([1, 2].map(() => RawConnection.to(gw.url)));
    for (const client of clients) client.send(`${requestHead('POST /small/upload', 'Content-Length: 4')}ab`);
    await until('both count as streams', async () => (await gauge('streams', 'small')) === 2, 5_000);
    expect(await (await gw.fetch('/small/quick')).text()).toBe('quick');
    for (const client of clients) client.send('cd');
    await Promise.all(clients.map((client) => client.until('quick')));
    await allFree('small');
  });
});

describe('without a free stream place', () => {
  it('a request for an event stream is refused before the upstream gets it, and another body stays a call', async () => {
    const streams = await open(2, '/small/events', 'Accept: text/event-stream');
    await Promise.all(streams.map((client) => client.until('hello')));
    const refused = await gw.fetch('/small/held', { headers: { accept: 'text/event-stream' } });
    expect([refused.status, held.length]).toEqual([503, 0]);
    const [download] = await open(1, '/small/events');
    await download?.until('hello');
    expect([await gauge('in_flight', 'small'), await gauge('streams', 'small')]).toEqual([1, 2]);
    expect(await (await gw.fetch('/small/quick')).text()).toBe('quick');
    destroy([...streams, download!]);
    await allFree('small');
  });
});
