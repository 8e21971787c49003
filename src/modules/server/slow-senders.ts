import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Clock } from '../../common/clock.js';
import type { ClientErrors } from './client-error.js';
import { isAwaitingContinue } from './continue.js';
import type { OpenResponses } from './open-responses.js';
import type { HttpSettings } from './server-options.js';

const CHECK_INTERVAL_MS = 500;

interface Progress {
  readonly startedAt: number;
  /** When bytes last arrived, or the gateway last had a reason not to read any. */
  readonly activeAt: number;
  readonly bytes: number;
  /** Since when the rate is measured, and how many bytes had arrived by then. */
  readonly measured: { readonly since: number; readonly bytes: number };
}

/**
 * Refuses requests whose body stops arriving or arrives too slowly, and those that take longer as a whole than they may. Each
 * would hold a place among the calls of its upstream for as long as it likes. A pause that the gateway makes itself, because
 * the upstream reads slowly or has not been asked yet, does not count.
 *
 * Requests pay nothing for it: a timer looks at those whose body is not complete.
 *
 * @param requestTimeoutOf milliseconds that a client has for its whole request; 0 for no limit
 */
export function refuseSlowSenders(
  server: Server,
  responses: OpenResponses,
  limits: () => Pick<HttpSettings, 'requestIdleTimeout' | 'receiveMinRate'>,
  requestTimeoutOf: (req: IncomingMessage) => number,
  errors: ClientErrors,
  clock: Clock,
): void {
  let known = new Map<ServerResponse, Progress>();
  const check = () => {
    const now = clock.now() - (clock.lostMs?.() ?? 0);
    const { requestIdleTimeout, receiveMinRate } = limits();
    const incomplete = new Map<ServerResponse, Progress>();
    for (const socket of responses.connections()) {
      const [res] = responses.on(socket);
      if (!res || res.req.complete) continue;
      const before = known.get(res);
      const bytes = socket.bytesRead;
      const isPaused = socket.isPaused() || isAwaitingContinue(res.req);
      const measured = before && !isPaused ? before.measured : { since: now, bytes };
      const elapsed = now - measured.since;
      const isMeasured = elapsed >= requestIdleTimeout;
      const progress = {
        startedAt: before?.startedAt ?? now,
        activeAt: before && !isPaused && before.bytes === bytes ? before.activeAt : now,
        bytes,
        measured: isMeasured ? { since: now, bytes } : measured,
      };
      incomplete.set(res, progress);
      const total = requestTimeoutOf(res.req);
      if (total > 0 && now - progress.startedAt >= total) {
        errors.cut(res, 'request_timeout', 'The request took longer than requestTimeout');
      } else if (now - progress.activeAt >= requestIdleTimeout) {
        errors.cut(res, 'request_timeout', 'Nothing of the body arrived for requestIdleTimeout');
      } else if (isMeasured && bytes - measured.bytes < (receiveMinRate * elapsed) / 1000) {
        errors.cut(res, 'request_timeout', 'The body arrived more slowly than receiveMinRate');
      }
    }
    known = incomplete;
  };
  const timer = setInterval(check, Math.min(limits().requestIdleTimeout / 2, CHECK_INTERVAL_MS)).unref();
  server.once('close', () => clearInterval(timer));
}
