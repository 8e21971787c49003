import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { announcesBody } from '../../common/http/head.js';

/** Requests whose clients wait for a 100 before they send their body. */
const awaiting = new WeakSet<IncomingMessage>();

export function isAwaitingContinue(req: IncomingMessage): boolean {
  return awaiting.has(req);
}

/**
 * Answers `Expect: 100-continue` (RFC 9110 section 10.1.1) when the body is read for the first time. A request that is
 * rejected before that gets only its final status, and the connection is closed, because the client may or may not send
 * the body.
 */
export function continueWhenRead(
  server: Server,
  answer: (req: IncomingMessage, res: ServerResponse) => void,
): void {
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    if (announcesBody(req.headers)) onRead(req, () => !res.headersSent && res.writeContinue());
    else res.writeContinue();
    answer(req, res);
  });
}

/** Events, pipes and iteration all call `read` before they get bytes. */
function onRead(req: IncomingMessage, call: () => void): void {
  const read = req.read.bind(req);
  awaiting.add(req);
  req.read = (size) => {
    req.read = read;
    awaiting.delete(req);
    call();
    // Node's types say that it returns `any`.
    return read(size) as unknown;
  };
}
