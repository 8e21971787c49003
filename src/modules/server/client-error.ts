import { randomUUID } from 'node:crypto';
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ProblemCode } from '../../common/errors/codes.js';
import { PROBLEM_CONTENT_TYPE, ProblemError } from '../../common/errors/problem.js';
import { SERVED_METHODS } from '../../common/http/head.js';
import type { OpenResponses } from './open-responses.js';

/**
 * Answers requests that Node's parser rejects. The answer waits until earlier requests on the same connection have
 * theirs: Node would write it at once, and the client would take it for one of them.
 */
export function answerClientErrors(server: Server, open: OpenResponses): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Browsers open connections in advance, and could take an answer on an unused one for that of their first request.
    const unused = socket.bytesRead === 0;
    if (unused || error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const responses = open.on(socket);
    // When the response to the malformed request has started, the client would read another one as its body.
    if (responses.some((res) => !res.req.complete && res.headersSent)) {
      socket.end(() => socket.destroy());
      return;
    }
    endAfter(open, socket, codeOf(error));
  });
}

/** Answers CONNECT, because the gateway is no forward proxy. */
export function refuseConnect(server: Server, open: OpenResponses): void {
  server.on('connect', (_req, duplex: Duplex) => {
    // The server listens on TCP, and Node hands over the socket itself when there is no body.
    endAfter(open, duplex as Socket, 'method_not_allowed', { Allow: SERVED_METHODS.join(', ') });
  });
}

/** Writes the last answer of a connection when the earlier requests have theirs. */
function endAfter(
  open: OpenResponses,
  socket: Socket,
  code: ProblemCode,
  more?: Record<string, string>,
): void {
  const answer = () => end(socket, code, more);
  const earlier = open.on(socket).findLast(({ req }) => req.complete);
  if (earlier) {
    open.endWith(earlier.req);
    earlier.once('close', answer);
  } else answer();
}

/** Answers errors that happen outside of Nest's exception filters. */
export function refuse(res: ServerResponse, code: ProblemCode): void {
  const { status, headers, body } = answerOf(code);
  // A response that is cut off must not look complete.
  if (res.headersSent) res.destroy();
  else res.writeHead(status, headers).end(body);
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
function end(socket: Duplex, code: ProblemCode, more: Readonly<Record<string, string>> = {}): void {
  const { status, title, headers, body } = answerOf(code);
  const fields = Object.entries({ ...headers, ...more }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${title}\r\n${fields.join('')}\r\n${body}`, () => socket.destroy());
}

function answerOf(code: ProblemCode) {
  const problem = new ProblemError(code);
  const id = randomUUID();
  const body = JSON.stringify(problem.details(id));
  const headers = {
    'Content-Type': PROBLEM_CONTENT_TYPE,
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
    'X-Request-Id': id,
    Connection: 'close',
  };
  return { status: problem.status, title: problem.message, headers, body };
}
