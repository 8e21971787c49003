import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { announcesBody } from '../../common/http/head.js';

/**
 * `Expect: 100-continue` (RFC 9110 section 10.1.1): the client is told to go on by whoever reads its body first. One
 * that is refused without it gets the final status alone, and the connection is closed, because nobody knows
 * whether the body follows.
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

/** Whoever takes a stream's bytes, be it by events, pipes or iteration, asks this of it first. */
function onRead(req: IncomingMessage, call: () => void): void {
  const read = req.read.bind(req);
  req.read = (size) => {
    req.read = read;
    call();
    // What it returns is `any` by Node's types.
    return read(size) as unknown;
  };
}
