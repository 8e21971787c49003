import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { PROBLEMS, type ProblemCode } from '../../common/errors/codes.js';
import { PROBLEM_CONTENT_TYPE, ProblemError } from '../../common/errors/problem.js';
import type { ServerRefusal } from '../../common/errors/server-refusal.js';
import { unmapped } from '../../common/http/forwarded.js';
import { SERVED_METHODS } from '../../common/http/head.js';
import type { OpenResponses } from './open-responses.js';
import { destroyLater } from './sockets.js';

/** Answers requests that Node's parser rejects, those that do not arrive in time, and CONNECT. */
export class ClientErrors {
  /** Connections with an error. What follows it would only be another one. */
  private readonly refused = new WeakSet<Socket>();

  /**
   * @param typeBase start of the `type` of problem documents
   * @param report counts and logs the refusal; it returns the id of the request
   */
  constructor(
    private readonly open: OpenResponses,
    private readonly typeBase: () => string,
    private readonly report: (refusal: ServerRefusal) => string = () => randomUUID(),
  ) {}

  listen(server: Server): void {
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => this.onError(error, socket));
    // The gateway is no forward proxy.
    server.on('connect', (_req, duplex: Duplex) => {
      // The server listens on TCP, and Node hands over the socket itself when there is no body.
      const socket = duplex as Socket;
      // Node has removed its own listener, and without one a reset by the client would end the process.
      socket.on('error', () => socket.destroy());
      this.endAfterEarlier(socket, 'method_not_allowed', 'CONNECT', {
        Allow: SERVED_METHODS.join(', '),
      });
    });
  }

  /** Refuses the request that is being processed, since its body does not arrive as it should. */
  cut(res: ServerResponse, code: ProblemCode, cause: string): void {
    const { req } = res;
    if (this.isRefused(req.socket)) return;
    const id = this.report(refusalOf(req.socket, code, cause, req));
    // When a response has started, the client would read another one as its body.
    if (res.headersSent) req.socket.end(() => req.socket.destroy());
    else refuse(res, code, this.typeBase(), id);
  }

  private onError(error: NodeJS.ErrnoException & { readonly reason?: string }, socket: Socket): void {
    // Bytes behind a request with `Connection: close`, which still gets its answer.
    if (error.code === 'HPE_CLOSED_CONNECTION') return;
    const [current] = this.open.on(socket);
    const isReading = current !== undefined && !current.req.complete;
    // Browsers open connections in advance, and could take an answer on an unused one for that of their first request.
    const unused = socket.bytesRead === 0;
    const isGone = error.code === 'ECONNRESET' || (isReading && error.code === 'HPE_INVALID_EOF_STATE');
    if (unused || isGone || !socket.writable) {
      socket.destroy();
      return;
    }
    const cause = [error.code, error.reason].filter(Boolean).join(': ');
    if (isReading) this.cut(current, codeOf(error), cause);
    else this.endAfterEarlier(socket, codeOf(error), cause);
  }

  /**
   * Answers when earlier requests on the same connection have their answers: Node would do it at once, and the client would
   * take it for one of them.
   */
  private endAfterEarlier(
    socket: Socket,
    code: ProblemCode,
    cause: string,
    headers?: Record<string, string>,
  ): void {
    if (this.isRefused(socket)) return;
    const answer = () => {
      if (!socket.writable) return;
      const id = this.report(refusalOf(socket, code, cause));
      end(socket, answerOf(code, this.typeBase(), id), headers);
    };
    const earlier = [...this.open.on(socket)].findLast(({ req }) => req.complete);
    if (!earlier) answer();
    else {
      this.open.endWith(earlier.req);
      earlier.once('close', answer);
    }
  }

  private isRefused(socket: Socket): boolean {
    if (this.refused.has(socket)) return true;
    this.refused.add(socket);
    return false;
  }
}

/** Answers errors that happen outside of Nest's exception filters. */
export function refuse(
  res: ServerResponse,
  code: ProblemCode,
  typeBase: string,
  id: string = randomUUID(),
): void {
  const { status, headers, body } = answerOf(code, typeBase, id);
  // A response that is cut off must not look complete.
  if (res.headersSent) res.destroy();
  else res.writeHead(status, headers).end(body);
}

function refusalOf(socket: Socket, code: ProblemCode, cause: string, req?: IncomingMessage): ServerRefusal {
  return { code, status: PROBLEMS[code].status, cause, peer: unmapped(socket.remoteAddress ?? ''), req };
}

function codeOf(error: NodeJS.ErrnoException): ProblemCode {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return 'headers_too_large';
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return 'body_too_large';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return 'request_timeout';
    default:
      return 'malformed_request';
  }
}

/** Writes the response to the socket: Node creates no response object for these requests. */
function end(
  socket: Socket,
  { status, title, headers, body }: ReturnType<typeof answerOf>,
  more: Record<string, string> = {},
): void {
  const fields = Object.entries({ ...headers, ...more }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${fields.join('')}\r\n${body}`);
  // Nothing after the last answer is processed.
  socket.pause();
  destroyLater(socket);
}

function answerOf(code: ProblemCode, typeBase: string, id: string) {
  const problem = new ProblemError(code);
  const body = JSON.stringify(problem.details(typeBase, id));
  const headers = {
    'Content-Type': PROBLEM_CONTENT_TYPE,
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    'X-Request-Id': id,
    Connection: 'close',
  };
  return { status: problem.status, title: problem.message, headers, body };
}
