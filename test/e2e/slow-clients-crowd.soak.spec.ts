import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { listen } from '../support/gateway.js';
import { requestHead } from '../support/http.js';
import { Load } from '../support/load.js';
import { metric } from '../support/metrics.js';
import { spawnGateway } from '../support/process.js';
import { until } from '../support/until.js';

const USERS = 10;
/** Clients of each kind, 2,000 in all. */
const EACH = 500;
/** More bytes than the buffers between two processes hold. */
const LARGE = Buffer.alloc(16 * 1024 * 1024, 'x');
/** Milliseconds from one byte, or field, to the next. */
const DRIP = 500;

/** What clients send at once, and then again and again. */
const KINDS = [
  { first: '', drip: '' },
  { first: 'GET /users HTTP/1.1\r\nHost: gateway.test\r\n', drip: 'X-Drip: a\r\n' },
  { first: requestHead('POST /users', 'Content-Length: 100000'), drip: 'b' },
  { first: requestHead('GET /large'), drip: '' },
];

/** Connects clients that never read what they get, each ten from an address of their own. */
async function connectSlowly(port: number): Promise<void> {
  const sockets: Socket[] = [];
  onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
  for (let i = 0; i < EACH * KINDS.length; i++) {
    const { first, drip } = KINDS[i % KINDS.length]!;
    const socket = connect({ host: '127.0.0.1', port, localAddress: `127.0.1.${Math.floor(i / 10)}` });
    sockets.push(socket.pause().on('error', () => undefined));
    await once(socket, 'connect');
    socket.write(first);
    const dripping = setInterval(() => socket.writable && socket.write(drip), DRIP);
    socket.once('close', () => clearInterval(dripping));
  }
}

it('serves its users while 2,000 slow clients hold connections, and disconnects the slow clients', async () => {
  const users = createServer((request, response) => {
    if (request.url === '/large') response.end(LARGE);
    else request.resume().once('end', () => response.end('user'));
  });
  const gw = await spawnGateway(`
server: { host: 127.0.0.1, port: 0, headersTimeout: 10s, sendTimeout: 10s, requestTimeout: 30s }
management: { port: 0 }
upstreams: { users: { url: "${await listen(users)}" } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`);
  const connections = () => metric(gw.managementUrl, 'breakwater_connections');
  const load = new Load(`${gw.url}/users`, { clients: USERS, pace: 5 });
  await connectSlowly(Number(new URL(gw.url).port));
  const tally = load.fromNow();
  await until('the users were served for a while', () => tally.total > 2_000, 120_000);
  await until('only the users are connected', async () => (await connections()) === USERS, 120_000);
  expect(tally.answers).toEqual(['200 user']);
}, 300_000);
