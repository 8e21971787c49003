import type { Readable } from 'node:stream';
import type { Place } from '../../common/resilience/bulkhead.js';

/** Milliseconds that the upstream may have to wait for a client before the call counts as a stream. */
const SLOW_UPLOAD = 1_000;

/** Lets a call that waits for its client be a stream, so that slow uploads keep nobody else from calling. */
export function watchUpload(body: Readable, place: Place): void {
  let timer: NodeJS.Timeout | undefined;
  const waitsForClient = () => (timer ??= setTimeout(() => place.toStream(), SLOW_UPLOAD));
  const waitsForUpstream = () => {
    clearTimeout(timer);
    timer = undefined;
    place.toCall();
  };
  body.on('resume', waitsForClient).on('pause', waitsForUpstream).once('close', waitsForUpstream);
}
