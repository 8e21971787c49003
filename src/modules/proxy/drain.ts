import type { BodySink } from '../upstream/upstream.types.js';

/** More of a body that nobody reads is not worth its connection. */
const MOST = 64 * 1024;

/** Reads away what is left of a response, so that its connection can be used again. */
export function drain(giveUp: () => void): BodySink {
  let bytes = 0;
  return {
    onData(chunk) {
      bytes += chunk.length;
      if (bytes > MOST) giveUp();
      return true;
    },
    onEnd: () => undefined,
    onError: () => undefined,
  };
}
