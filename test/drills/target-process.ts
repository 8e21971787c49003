// One target of a service, as a process of its own, so that it can be frozen and killed. It answers as the query of the
// request says, unless a fault is on, and reports what reached it.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Arrival, Stall } from './recording.js';
import type { TargetFault } from './scenario.js';

export type TargetReport =
  { readonly listening: number } | { readonly arrival: Arrival } | { readonly stall: Omit<Stall, 'of'> };
export type TargetOrder = { readonly fault: TargetFault | undefined };

interface TargetSocket {
  send(data: Buffer): void;
  on(event: 'close', listener: (code: number) => void): void;
  on(event: 'error', listener: () => void): void;
}

const { WebSocketServer } = createRequire(import.meta.url)('ws') as {
  WebSocketServer: new (options: object) => {
    on(event: 'connection', listener: typeof onWebSocket): void;
  };
};

const [service = '', target = '0', host = '', port = '0'] = process.argv.slice(2);
const EVENT_MS = 100;
const STALL_MS = 200;
const TOO_LATE_MS = 60_000;

const generation = Date.now().toString(36);
let arrivals = 0;
let fault: TargetFault | undefined;
let changed = () => {};

const report = (message: TargetReport) => void process.send?.(message);

process.on('message', (order: TargetOrder) => {
  fault = order.fault;
  // Those that wait because of a fault go on when it is over.
  changed();
  changed = () => {};
});
process.on('disconnect', () => process.exit());

function onRequest(req: IncomingMessage, res: ServerResponse): void {
  if (req.url === '/health') {
    if (fault === 'status') res.statusCode = 503;
    if (fault === 'reset') req.socket.resetAndDestroy();
    else res.end();
    return;
  }
  const arrival = arrivalOf(req);
  let received = 0;
  req.on('data', (chunk: Buffer) => (received += chunk.length));
  req.once('end', () => void answer(arrival, res, received));
  req.once('error', () => undefined);
  res.once('error', () => undefined);
  res.once('close', () => {
    arrival.endAt = Date.now();
    arrival.end ??= 'gone';
    report({ arrival });
  });
}

function arrivalOf({ method = '', url: key = '', headers }: IncomingMessage): Arrival {
  const user = headers['x-user-id'];
  const arrival: Arrival = {
    serial: `${service}/${target}/${generation}/${arrivals++}`,
    id: String(headers['x-drill-id']),
    service,
    target: Number(target),
    method,
    key,
    user: typeof user === 'string' ? user : undefined,
    at: Date.now(),
  };
  report({ arrival });
  return arrival;
}

/** Sends one message, the body of a response, and waits until the client closes. */
function onWebSocket(socket: TargetSocket, req: IncomingMessage): void {
  const arrival = arrivalOf(req);
  arrival.status = 101;
  arrival.headAt = Date.now();
  const { searchParams } = new URL(arrival.key, 'http://target');
  socket.send(bodyOf(arrival, Number(searchParams.get('bytes')), 0, false));
  socket.on('error', () => undefined);
  socket.on('close', (code) => {
    arrival.endAt = Date.now();
    arrival.end = code === 1000 ? 'whole' : 'gone';
    report({ arrival });
  });
}

async function answer(arrival: Arrival, res: ServerResponse, received: number): Promise<void> {
  const query = new URL(arrival.key, 'http://target').searchParams;
  const [ms, bytes, over] = ['ms', 'bytes', 'over'].map((name) => Number(query.get(name) ?? 0)) as [
    number,
    number,
    number,
  ];
  await pause(ms);
  if (fault === 'slow') {
    await Promise.race([
      pause(TOO_LATE_MS),
      new Promise<void>((resolve) => (changed = chain(changed, resolve))),
    ]);
  }
  if (res.destroyed) return;
  if (fault === 'reset') {
    arrival.end = 'reset';
    res.socket?.resetAndDestroy();
    return;
  }
  const isStream = query.has('events');
  const body = bodyOf(arrival, bytes, received, isStream);
  const status = fault === 'status' ? 503 : 200;
  res.writeHead(status, {
    'content-type': isStream ? 'text/event-stream' : 'text/plain',
    'cache-control': query.has('store') ? 'max-age=60' : 'no-store',
    ...(isStream || over > 0 ? {} : { 'content-length': body.length }),
  });
  arrival.status = status;
  arrival.headAt = Date.now();
  report({ arrival });
  const pieces = arrival.method === 'HEAD' ? 0 : Math.max(1, Math.round(over / EVENT_MS));
  for (let i = 0; i < pieces && !res.destroyed; i++) {
    if (over > 0) await pause(EVENT_MS);
    if (fault === 'cut' && i >= (pieces - 1) / 2) {
      arrival.end = 'cut';
      res.write(body.subarray(0, body.length / 2), () => res.destroy());
      return;
    }
    const piece = body.subarray((body.length * i) / pieces, (body.length * (i + 1)) / pieces);
    if (!res.write(piece))
      await new Promise<void>((resolve) => res.once('drain', resolve).once('close', resolve));
  }
  if (res.destroyed) return;
  res.end(() => (arrival.end = 'whole'));
}

/** The first line says what the body answers, so that the client can tell it from any other body. */
function bodyOf({ serial, key, user }: Arrival, bytes: number, received: number, isStream: boolean): Buffer {
  const prefix = isStream ? 'data: ' : '';
  const line = (total: number) =>
    `${prefix}${JSON.stringify({ serial, key, user, bytes: total, received })}\n\n`;
  const total = Math.max(bytes, line(1e7).length);
  return Buffer.from(`${line(total).padEnd(total - 1, '.')}\n`);
}

function chain(first: () => void, second: () => void): () => void {
  return () => {
    first();
    second();
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

let lastTick = Date.now();
setInterval(() => {
  const now = Date.now();
  if (now - lastTick > STALL_MS) report({ stall: { from: lastTick, to: now } });
  lastTick = now;
}, 50);

const server = createServer({ keepAliveTimeout: 60_000 }, onRequest).listen(Number(port), host, () => {
  report({ listening: (server.address() as AddressInfo).port });
});
new WebSocketServer({ server }).on('connection', onWebSocket);
