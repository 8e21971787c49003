import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface StubReply {
  /** Default: 200. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is no text is sent as JSON. Default: none. */
  readonly body?: unknown;
}

export interface StubRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A service on a port of the loopback interface, which fails on command. */
export class StubUpstream {
  /** Oldest first. */
  readonly requests: StubRequest[] = [];
  private server: Server | undefined;
  private port = 0;
  private answer: RequestListener;
  private readonly good: RequestListener;

  /** @param good what it answers as long as it does not fail; default: 200 with an empty body */
  constructor(good: StubReply | RequestListener = {}) {
    this.good = this.answer = listenerOf(good);
  }

  /** Listens, on the same port as before. */
  async start(): Promise<void> {
    if (this.server) return;
    const server = (this.server = createServer((req, res) => {
      const { method = '', url = '', headers } = req;
      const { answer } = this;
      // A client that leaves while it sends its body has made no whole request.
      text(req).then(
        (body) => {
          this.requests.push({ method, url, headers, body });
          answer(req, res);
        },
        () => res.destroy(),
      );
    }));
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    // It listens on TCP, so the address is no pipe name.
    this.port = (server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Answers with another response from now on. */
  reply(reply: StubReply | RequestListener): void {
    this.answer = listenerOf(reply);
  }

  /** Answers with an error status from now on. */
  fail(status = 500): void {
    this.reply({ status });
  }

  /** Takes requests and does not answer. */
  hang(): void {
    this.reply(() => undefined);
  }

  /** Closes its connections, and refuses new ones. */
  async refuse(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** Listens and answers as in the beginning. */
  async recover(): Promise<void> {
    this.answer = this.good;
    await this.start();
  }
}

function listenerOf(reply: StubReply | RequestListener): RequestListener {
  if (typeof reply === 'function') return reply;
  const { status = 200, headers = {}, body = '' } = reply;
  const isText = typeof body === 'string';
  const type: Record<string, string> = isText ? {} : { 'Content-Type': 'application/json' };
  return (_, res) =>
    void res.writeHead(status, { ...type, ...headers }).end(isText ? body : JSON.stringify(body));
}
