import type { GatewayConfig } from '../gateway-config.js';
import type { LintWarning } from './warning.js';
import type { Written } from './written.js';

/** Finds bulkheads that admit more calls than there are connections for. */
export function lintBulkheads({ upstreams }: GatewayConfig, written: Written): LintWarning[] {
  return Object.entries(upstreams).flatMap(([id, { pool, bulkhead, targets }]) => {
    // Each target has a pool of its own.
    const all = pool.connections * targets.length;
    if (all >= bulkhead.concurrent) return [];
    const connections = ['upstreams', id, 'pool', 'connections'];
    const concurrent = ['upstreams', id, 'bulkhead', 'concurrent'];
    const why = 'the rest hold a place and wait';
    if (written.has(connections)) {
      const message = `pool.connections (${all} in all) is below bulkhead.concurrent (${bulkhead.concurrent}): ${why}`;
      return [{ path: connections, message }];
    }
    if (!written.has(concurrent)) return [];
    const message = `bulkhead.concurrent (${bulkhead.concurrent}) is above pool.connections (${all} in all): ${why}`;
    return [{ path: concurrent, message }];
  });
}
