import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ProblemCode } from '../../common/errors/codes.js';
import { PROBLEM_CONTENT_TYPE, ProblemError } from '../../common/errors/problem.js';

/**
 * Answers what the parser refuses. The answer waits for those of earlier requests on the same connection:
 * written at once, as Node does, it would be taken for one of theirs.
 */
export function answerClientErrors(server: Server): void {
  const pending = new WeakMap<Duplex, Set<ServerResponse>>();
  server.prependListener('request', (req, res) => {
    const responses = pending.get(req.socket) ?? new Set();
    pending.set(req.socket, responses.add(res));
    res.once('close', () => responses.delete(res));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // A reset, or bytes that are no HTTP at all on a connection that is already gone.
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const responses = [...(pending.get(socket) ?? [])];
    // The request that broke off: once its answer has begun, only a cut says that it went wrong.
    if (responses.some((res) => !res.req.complete && res.headersSent)) {
      socket.destroy();
      return;
    }
    const answer = () => socket.end(rawAnswer(codeOf(error)), () => socket.destroy());
    const earlier = responses.findLast((res) => res.req.complete);
    if (earlier) earlier.once('close', answer);
    else answer();
  });
}

/** CONNECT never reaches a route: a gateway is no forward proxy. */
export function refuseConnect(server: Server): void {
  server.on('connect', (_req, socket: Duplex) => {
    socket.end(
      rawAnswer('method_not_allowed', 'Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n'),
      () => socket.destroy(),
    );
  });
}

/** Node would answer 417 in its own form. `100-continue` never comes here: Node meets it. */
export function refuseExpectations(server: Server): void {
  server.on('checkExpectation', (_req, res: ServerResponse) => {
    const problem = new ProblemError('expectation_failed');
    const headers = {
      'Content-Type': PROBLEM_CONTENT_TYPE,
      'Cache-Control': 'no-store',
      Connection: 'close',
    };
    res.writeHead(problem.status, headers).end(JSON.stringify(problem.details()));
  });
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

function rawAnswer(code: ProblemCode, headers = ''): string {
  const problem = new ProblemError(code);
  const body = JSON.stringify(problem.details());
  return (
    `HTTP/1.1 ${problem.status} ${problem.message}\r\nContent-Type: ${PROBLEM_CONTENT_TYPE}\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nCache-Control: no-store\r\n${headers}Connection: close\r\n\r\n${body}`
  );
}
