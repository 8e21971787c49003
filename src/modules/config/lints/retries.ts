import { formatSize } from '../../../common/units/size.js';
import type { GatewayConfig } from '../gateway-config.js';
import { effectiveMethods } from '../match-key.js';
import { routesTo } from './leads-to.js';
import type { LintWarning } from './warning.js';
import type { Written } from './written.js';

/** What a second try could do twice. */
const NOT_IDEMPOTENT: ReadonlySet<string> = new Set(['POST', 'PATCH']);

/** Finds retries and hedges that somebody asked for, and that hardly any request can get. */
export function lintRetries(config: GatewayConfig, written: Written): LintWarning[] {
  return Object.entries(config.upstreams).flatMap(([id, { retry, hedge, targets }]) => {
    const path = ['upstreams', id];
    const routes = routesTo(config, id);
    const warnings: LintWarning[] = [];
    /** Of the methods of all its routes; one of them takes every method. */
    const takesOnly = (accepts: (method: string) => boolean) =>
      routes.length > 0 &&
      routes.every(({ match }) => match.methods.length > 0 && [...effectiveMethods(match)].every(accepts));

    if (hedge && targets.length > 1 && takesOnly((method) => method !== 'GET' && method !== 'HEAD')) {
      const message = 'its routes take neither GET nor HEAD, and nothing else is asked for twice';
      warnings.push({ path: [...path, 'hedge'], message });
    }
    if (retry.attempts === 0) return warnings;

    const attempts = [...path, 'retry', 'attempts'];
    if (written.has(attempts) && takesOnly((method) => NOT_IDEMPOTENT.has(method))) {
      const message =
        'its routes take only POST and PATCH, which are repeated with an Idempotency-Key or when they were never sent';
      warnings.push({ path: attempts, message });
    }
    if (retry.on.length === 0 && retry.perTryTimeout === undefined) {
      const message = 'it is empty: nothing is tried again, which `attempts: 0` says as well';
      warnings.push({ path: [...path, 'retry', 'on'], message });
    }
    const kept = [...path, 'retry', 'maxBodyBytes'];
    const largest = Math.max(...routes.map(({ maxBodyBytes }) => maxBodyBytes ?? config.server.maxBodyBytes));
    if (routes.length > 0 && written.has(kept) && retry.maxBodyBytes > largest) {
      const message = `retry.maxBodyBytes (${formatSize(retry.maxBodyBytes)}) is above maxBodyBytes (${formatSize(largest)}): no request body is that large`;
      warnings.push({ path: kept, message });
    }
    return warnings;
  });
}
