import type { ServerResponse } from 'node:http';

const LINGER_MS = 1000;
/** Bytes. To copy a larger chunk costs more than a second write. */
const MAX_COPIED = 16 * 1024;

/**
 * Ends a response, also one that is sent before the request's body was read. To close at once would reset the connection,
 * and a client that is still sending would lose the response. So the rest of the body is read and dropped first, for a
 * second at most; then the connection is closed, because nobody knows how much more there is.
 */
export function endResponse(res: ServerResponse, lastChunk?: Uint8Array): void {
  const { req } = res;
  if (req.complete || req.readableEnded || req.destroyed) {
    // Node writes a string and the head at once; latin1 keeps every byte as it is.
    if (lastChunk && lastChunk.length <= MAX_COPIED) res.end(latin1(lastChunk), 'latin1');
    else res.end(lastChunk);
    return;
  }
  if (lastChunk) res.write(lastChunk);
  const end = () => {
    clearTimeout(timer);
    res.end();
  };
  const timer = setTimeout(() => {
    // `compression` takes no callback.
    res.once('finish', () => req.socket.destroySoon()).end();
  }, LINGER_MS);
  req.once('end', end).once('close', end).resume();
}

const latin1 = ({ buffer, byteOffset, length }: Uint8Array) =>
  Buffer.from(buffer, byteOffset, length).toString('latin1');
