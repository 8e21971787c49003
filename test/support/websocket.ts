import { createRequire } from 'node:module';
import { createServer, type RequestListener } from 'node:http';
import type { Server } from 'node:net';
import { onTestFinished } from 'vitest';
import { acceptOf } from '../../src/modules/websocket/handshake.js';
import { requestHead } from './http.js';

/** The part of the package `ws` that specs use. */
export interface TestSocket {
  readonly protocol: string;
  readonly extensions: string;
  readonly bufferedAmount: number;
  send(data: string | Buffer, done?: () => void): void;
  send(data: string | Buffer, options: { fin: boolean }): void;
  ping(data?: string): void;
  close(code?: number, reason?: string): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): this;
  on(event: 'close', listener: (code: number, reason: Buffer) => void): this;
  on(event: 'ping' | 'pong', listener: (data: Buffer) => void): this;
  on(event: 'open', listener: () => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
}

const { WebSocket, WebSocketServer } = createRequire(import.meta.url)('ws') as {
  WebSocket: new (url: string, protocols: string[], options: object) => TestSocket;
  WebSocketServer: new (options: object) => {
    readonly clients: Set<TestSocket>;
    on(
      event: 'connection',
      listener: (socket: TestSocket, req: { headers: Record<string, string> }) => void,
    ): void;
  };
};

export interface WebSocketUpstream {
  readonly server: Server;
  readonly sockets: Set<TestSocket>;
}

const tellHeaders: RequestListener = (req, res) => void res.end(JSON.stringify(req.headers));

/**
 * @param onConnection echoes each message by default
 * @param options.server an HTTP server by default, which answers other requests with their headers
 */
export function webSocketUpstream(
  onConnection: (socket: TestSocket, headers: Record<string, string>) => void = echoMessages,
  {
    server = createServer(tellHeaders),
    perMessageDeflate = false,
    path,
  }: { server?: Server; perMessageDeflate?: boolean; path?: string } = {},
): WebSocketUpstream {
  const upstream = new WebSocketServer({ server, perMessageDeflate, path });
  upstream.on('connection', (socket, { headers }) => {
    socket.on('error', () => undefined);
    onConnection(socket, headers);
  });
  onTestFinished(() => upstream.clients.forEach((each) => each.terminate()));
  return { server, sockets: upstream.clients };
}

function echoMessages(socket: TestSocket): void {
  socket.on('message', (data, isBinary) => socket.send(isBinary ? data : data.toString()));
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** @returns the head of a handshake; a given field replaces the one of that name, an empty one removes it */
export function handshake(requestLine: string, fields: Readonly<Record<string, string>> = {}): string {
  const all = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': KEY,
    ...fields,
  };
  return requestHead(
    requestLine,
    ...Object.entries(all).flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`])),
  );
}

/** @returns the 101 that answers the head of a handshake */
export function switching(head: string, ...fields: string[]): string {
  const key = /^sec-websocket-key: (.*)$/im.exec(head)?.[1] ?? '';
  const accept = `Sec-WebSocket-Accept: ${acceptOf(key.trim())}`;
  const lines = ['Connection: Upgrade', 'Upgrade: websocket', accept, ...fields];
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`;
}

interface ClientOptions {
  readonly protocols?: string[];
  readonly headers?: Record<string, string>;
  readonly perMessageDeflate?: boolean;
  /** The authority that has issued the certificate of a server with TLS. */
  readonly ca?: string;
}

/** A client that records the messages it receives. */
export class WebSocketClient {
  readonly messages: (string | Buffer)[] = [];
  readonly pongs: string[] = [];
  closed: { code: number; reason: string } | undefined;

  private constructor(readonly socket: TestSocket) {
    socket.on('message', (data, isBinary) => void this.messages.push(isBinary ? data : data.toString()));
    socket.on('pong', (data) => void this.pongs.push(data.toString()));
    socket.on('close', (code, reason) => (this.closed = { code, reason: reason.toString() }));
    onTestFinished(() => socket.terminate());
  }

  /** @throws Error `Unexpected server response: STATUS` when the handshake is refused */
  static open(url: string, { protocols = [], ...options }: ClientOptions = {}): Promise<WebSocketClient> {
    const all = { perMessageDeflate: false, ...options };
    const client = new WebSocketClient(new WebSocket(url.replace('http', 'ws'), protocols, all));
    return new Promise((resolve, reject) => {
      client.socket.on('open', () => resolve(client));
      client.socket.on('error', reject);
    });
  }
}
