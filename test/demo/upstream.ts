/**
 * A demo service, `users` or `orders`, that can be told to misbehave:
 *
 *   node test/demo/upstream.ts users --port 0 --latency 300
 *
 * Prints one JSON line with its port when it listens. `/health` and `/status` answer at once, the rest after
 * `--latency` milliseconds; `POST /_demo/{ok,fail,hang,slow,corrupt,stop}` changes that, see `obey`. It listens on the
 * loopback interface, unless `--host` names another address.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

type Mode = { kind: 'ok' } | { kind: 'fail'; status: number } | { kind: 'hang' } | { kind: 'corrupt' };
type Reply = { status: number; body: object };
type Service = (method: string, url: URL, request: IncomingMessage) => Reply | Promise<Reply>;

const notFound: Reply = { status: 404, body: { error: 'not found' } };
const notAllowed: Reply = { status: 405, body: { error: 'method not allowed' } };
const badRequest: Reply = { status: 400, body: { error: 'bad request' } };

const users = [
  { id: '1', name: 'Uma Example' },
  { id: 'alice', name: 'Alice Example' },
  { id: 'bob', name: 'Bob Example' },
  { id: 'carol', name: 'Carol Example' },
];
const orders = [
  { id: '1', user: 'alice', item: 'Lighthouse lamp' },
  { id: '2', user: 'bob', item: 'Forty metres of rope' },
  { id: '3', user: 'alice', item: 'Harbour chart' },
];

const services: Record<string, Service> = {
  users: (method, url) => {
    const [, , id] = url.pathname.split('/');
    if (method !== 'GET') return notAllowed;
    return id ? one(users, id) : { status: 200, body: { users } };
  },
  orders: (method, url, request) => {
    const [, , id] = url.pathname.split('/');
    if (method === 'POST' && !id) return createOrder(request);
    if (method !== 'GET') return notAllowed;
    if (id) return one(orders, id);
    const user = url.searchParams.get('user');
    return { status: 200, body: { orders: user ? orders.filter((order) => order.user === user) : orders } };
  },
};

function one(list: readonly { id: string }[], id: string): Reply {
  const found = list.find((item) => item.id === id);
  return found ? { status: 200, body: found } : notFound;
}

async function createOrder(request: IncomingMessage): Promise<Reply> {
  const wish: unknown = await json(request).catch(() => undefined);
  if (typeof wish !== 'object' || wish === null) return badRequest;
  const order = { user: '', item: '', ...wish, id: String(orders.length + 1) };
  orders.push(order);
  return { status: 201, body: order };
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    latency: { type: 'string', default: process.env['DEMO_LATENCY_MS'] ?? '300' },
  },
});
const name = positionals[0] ?? '';
const service = services[name] ?? explainUsage();
let mode: Mode = { kind: 'ok' };
let latencyMs = Number(options.latency);

function explainUsage(): never {
  const names = Object.keys(services).join('|');
  console.error(`usage: node test/demo/upstream.ts ${names} [--host ADDRESS] [--port N] [--latency MS]`);
  process.exit(2);
}

/** Carries out `POST /_demo/<command>`. */
function obey(command: string, query: URLSearchParams, response: ServerResponse): Reply {
  const status = Number(query.get('status') ?? 500);
  const ms = Number(query.get('ms') ?? 2000);
  if (!Number.isInteger(status) || status < 200 || status > 599 || !(ms >= 0)) return badRequest;

  switch (command) {
    case 'ok':
      mode = { kind: 'ok' };
      latencyMs = Number(options.latency);
      break;
    case 'fail': // `?status=`; health fails too.
      mode = { kind: 'fail', status };
      break;
    case 'hang': // Accepts and never answers, health checks included.
      mode = { kind: 'hang' };
      break;
    case 'corrupt': // Sends bytes that are not HTTP, health checks included.
      mode = { kind: 'corrupt' };
      break;
    case 'slow': // `?ms=`; health stays quick, as it does in a service that is merely overloaded.
      latencyMs = ms;
      break;
    case 'stop':
      response.once('finish', () => process.exit(0));
      break;
    default:
      return notFound;
  }
  return { status: 200, body: { service: name, command, mode, latencyMs } };
}

async function serve(method: string, url: URL, request: IncomingMessage): Promise<Reply> {
  if (url.pathname === '/health' || url.pathname === '/status') {
    return { status: 200, body: { service: name, uptimeSeconds: Math.round(process.uptime()) } };
  }
  if (url.pathname !== `/${name}` && !url.pathname.startsWith(`/${name}/`)) return notFound;
  await sleep(latencyMs);
  return service(method === 'HEAD' ? 'GET' : method, url, request);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? 'GET';
  const url = URL.parse(request.url ?? '/', 'http://demo');
  if (!url) {
    send(request, response, badRequest);
  } else if (method === 'POST' && url.pathname.startsWith('/_demo/')) {
    send(request, response, obey(url.pathname.slice('/_demo/'.length), url.searchParams, response));
  } else if (mode.kind === 'fail') {
    send(request, response, { status: mode.status, body: { error: 'told to fail' } });
  } else if (mode.kind === 'corrupt') {
    response.socket?.end('HTTP/1.1 \u0000 these bytes are no response\r\n\r\n');
  } else if (mode.kind === 'ok') {
    send(request, response, await serve(method, url, request));
  }
}

/** Every response names the service and the user, which makes the gateway's work visible. */
function send(request: IncomingMessage, response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'X-Demo-Served-By': `${name}:${process.pid}`,
  });
  response.end(`${JSON.stringify({ ...body, servedFor: request.headers['x-user-id'] ?? null })}\n`);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    console.error(error);
    response.destroy();
  });
});

server.listen(Number(options.port), options.host, () => {
  const { port } = server.address() as AddressInfo; // TCP, so never a pipe's name
  console.log(JSON.stringify({ event: 'listening', name, port }));
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0));
