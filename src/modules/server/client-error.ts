import { randomUUID } from 'node:crypto';
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ProblemCode } from '../../common/errors/codes.js';
import { PROBLEM_CONTENT_TYPE, ProblemError } from '../../common/errors/problem.js';
import { SERVED_METHODS } from '../../common/http/head.js';
import type { OpenResponses } from './open-responses.js';

/**
 * Answers what the parser refuses. The answer waits for those of earlier requests on the same connection:
 * written at once, as Node does, it would be taken for one of theirs.
 */
export function answerClientErrors(server: Server, open: OpenResponses): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Browsers open connections before they need them: an answer to nothing could be taken for that of the first request.
    const unused = socket.bytesRead === 0;
    // A reset, or bytes that are no HTTP at all on a connection that is already gone.
    if (unused || error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const responses = open.on(socket);
    // The request that broke off: once its answer has begun, another one would be taken for its body.
    if (responses.some((res) => !res.req.complete && res.headersSent)) {
      socket.end(() => socket.destroy());
      return;
    }
    const answer = () => end(socket, codeOf(error));
    const earlier = responses.findLast((res) => res.req.complete);
    if (earlier) earlier.once('close', answer);
    else answer();
  });
}

/** CONNECT never reaches a route: a gateway is no forward proxy. */
export function refuseConnect(server: Server): void {
  server.on('connect', (_req, socket: Duplex) =>
    end(socket, 'method_not_allowed', { Allow: SERVED_METHODS.join(', ') }),
  );
}

/** Node would answer 417 in its own form. `100-continue` never comes here. */
export function refuseExpectations(server: Server): void {
  server.on('checkExpectation', (_req, res: ServerResponse) => refuse(res, 'expectation_failed'));
}

/** For what no exception filter of Nest sees. */
export function refuse(res: ServerResponse, code: ProblemCode): void {
  const { status, headers, body } = answerOf(code);
  // Half an answer must not look like a whole one.
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

/** Node has no response object for these, so the answer is written by hand. */
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
