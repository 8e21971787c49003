/**
 * `compression` 1.8.2 passes `drain` listeners of a response to its zlib stream, where `once` cannot remove them: they pile
 * up with each pause of a client, until Node warns of a leak. It can go when `test/e2e/compression.spec.ts`, "waits for a
 * slow client", passes without it.
 */
import type { ServerResponse } from 'node:http';

export function detachDrainListeners(res: ServerResponse): void {
  const once = res.once.bind(res);
  res.once = (event: string, listener: (...args: unknown[]) => void) => {
    if (event !== 'drain') return once(event, listener);
    const run = () => {
      emitter.off('drain', run);
      listener();
    };
    // The zlib stream, if there is one.
    const emitter = res.on('drain', run);
    return res;
  };
}
