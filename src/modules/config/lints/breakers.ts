import type { GatewayConfig } from '../gateway-config.js';
import type { LintWarning } from './warning.js';

/** Finds breakers to which failures are no failures, or successes are some. */
export function lintBreakers({ upstreams }: GatewayConfig): LintWarning[] {
  return Object.entries(upstreams).flatMap(([id, { breaker }]) => {
    const path = ['upstreams', id, 'breaker', 'failureStatuses'];
    if (breaker.failureStatuses.length === 0) {
      return [{ path, message: 'it is empty: only requests without an answer are failures' }];
    }
    const good = breaker.failureStatuses.find((status) => status < 400);
    if (good === undefined) return [];
    return [{ path, message: `${good} is among them: an upstream that works would open its breaker` }];
  });
}
