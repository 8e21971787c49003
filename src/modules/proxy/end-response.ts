import type { ServerResponse } from 'node:http';

const LINGER_MS = 1000;

/**
 * Ends a response, also one that is sent before the request's body is read. Closing then would reset the
 * connection, and a client still sending would lose the answer, so what is left of the body is read and
 * thrown away first, for a second at most; then the connection is closed, because nobody knows how much more
 * there is.
 */
export function endResponse(res: ServerResponse, lastChunk?: Uint8Array): void {
  const { req } = res;
  if (req.complete || req.destroyed) {
    res.end(lastChunk);
    return;
  }
  if (lastChunk) res.write(lastChunk);
  const end = () => {
    clearTimeout(timer);
    res.end();
  };
  const timer = setTimeout(() => {
    res.end(() => req.socket.destroySoon());
  }, LINGER_MS);
  req.once('end', end).once('close', end).resume();
}
