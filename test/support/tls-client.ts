import { Agent, type RequestOptions, request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { collectBody } from './http.js';

export interface TlsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Names in the certificate of the server. */
  readonly names: string | undefined;
}

/** Sends a request over a connection of its own, unless an agent is given. */
export async function fetchTls(url: string, options: RequestOptions = {}): Promise<TlsAnswer> {
  const answered = Promise.withResolvers<TlsAnswer>();
  const req = request(url, { agent: false, ...options });
  req.on('error', answered.reject).on('response', (res) => {
    const names = (res.socket as TLSSocket).getPeerX509Certificate()?.subjectAltName;
    collectBody(res).then(
      (body) =>
        answered.resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          body: body.toString(),
          names,
        }),
      answered.reject,
    );
  });
  req.end();
  return answered.promise;
}

/** One connection that is kept open, until the test ends. */
export function keepAliveAgent(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return agent;
}

/** @returns the names in the certificate that a client of a host gets */
export async function certificateFor(url: string, servername?: string): Promise<string> {
  const socket = await handshake(url, { servername, rejectUnauthorized: false });
  return socket.getPeerX509Certificate()?.subjectAltName ?? '';
}

/** Opens a connection, until the test ends. */
export async function handshake(url: string, options: ConnectionOptions): Promise<TLSSocket> {
  const { hostname: host, port } = new URL(url);
  const socket = connect({ host, port: Number(port), ...options });
  onTestFinished(() => void socket.destroy());
  const secured = Promise.withResolvers<TLSSocket>();
  socket.once('secureConnect', () => secured.resolve(socket)).once('error', secured.reject);
  return secured.promise;
}
