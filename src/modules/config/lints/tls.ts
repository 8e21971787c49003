import type { GatewayConfig } from '../gateway-config.js';
import type { LintWarning } from './warning.js';

/** Finds upstreams that are who they say they are because nobody looks. */
export function lintTls({ upstreams }: GatewayConfig): LintWarning[] {
  return Object.entries(upstreams)
    .filter(([, { tls }]) => tls?.insecureSkipVerify)
    .map(([id]) => ({
      path: ['upstreams', id, 'tls', 'insecureSkipVerify'],
      message: 'insecureSkipVerify is true: whoever is in between can read and change everything',
    }));
}
