import type { GatewayConfig } from '../gateway-config.js';
import type { LintWarning } from './warning.js';

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Finds issuers that are asked over plain HTTP: what they say decides who is let in. */
export function lintAuth({ auth }: GatewayConfig): LintWarning[] {
  return Object.entries(auth).flatMap(
    ([id, { issuer, jwksUri, introspection, secret, publicKey, apiKeys }]) => {
      const hasKey = [secret, publicKey, apiKeys, jwksUri, introspection].some((each) => each !== undefined);
      const asked: [path: string[], url: string | undefined][] = [
        [['jwksUri'], jwksUri],
        [['introspection', 'url'], introspection?.url],
        [['issuer'], hasKey ? undefined : issuer],
      ];
      return asked
        .filter(([, url]) => url !== undefined && isPlain(url))
        .map(([path]) => ({
          path: ['auth', id, ...path],
          message: 'the issuer is asked over plain HTTP: whoever is in between can let anybody in',
        }));
    },
  );
}

function isPlain(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !LOOPBACK.test(hostname);
}
