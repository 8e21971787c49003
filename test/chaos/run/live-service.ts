/**
 * The service `live`, whose responses last: `/live/stream` sends an event stream of two seconds, and `/live/echo` is a
 * WebSocket that returns every message.
 *
 *   node test/chaos/run/live-service.ts --port 0
 */
import { createServer, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { parseArgs } from 'node:util';

const EVENTS = 10;
/** Milliseconds. */
const BETWEEN_EVENTS = 200;

interface EchoSocket {
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): void;
  on(event: 'error', listener: () => void): void;
  send(data: Buffer, options: { binary: boolean }): void;
}

// The package `ws` has no types for import by name.
const { WebSocketServer } = createRequire(import.meta.url)('ws') as {
  WebSocketServer: new (options: { noServer: true }) => {
    handleUpgrade(request: object, socket: Duplex, head: Buffer, done: (socket: EchoSocket) => void): void;
  };
};

const { values: options } = parseArgs({ options: { port: { type: 'string', default: '0' } } });
const sockets = new WebSocketServer({ noServer: true });

function stream(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  let sent = 0;
  const send = () => {
    response.write(`id: ${++sent}\ndata: reading ${sent}\n\n`);
    if (sent === EVENTS) response.end('event: end\ndata: complete\n\n');
  };
  const timer = setInterval(send, BETWEEN_EVENTS);
  response.once('close', () => clearInterval(timer));
  send();
}

const server = createServer((request, response) => {
  if (request.url === '/health') response.end('ok');
  else if (request.url === '/live/stream') stream(response);
  else response.writeHead(404).end();
});

server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (client) => {
    client.on('error', () => {});
    client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }));
  });
});

server.listen(Number(options.port), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo; // TCP, so never the name of a pipe.
  console.log(JSON.stringify({ event: 'listening', name: 'live', port }));
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(0));
