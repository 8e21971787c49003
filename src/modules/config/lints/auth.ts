import type { AuthProviderConfig, GatewayConfig, RouteConfig } from '../gateway-config.js';
import type { LintWarning } from './warning.js';

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

export function lintAuth(config: GatewayConfig): LintWarning[] {
  return [...lintPlain(config), ...lintNeverAsked(config)];
}

/** Finds issuers that are asked over plain HTTP: what they say decides who is let in. */
function lintPlain({ auth }: GatewayConfig): LintWarning[] {
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

/** Finds providers that come after another one that takes their tokens: only one provider is asked about a token. */
function lintNeverAsked({ auth, routes }: GatewayConfig): LintWarning[] {
  const providers = Object.entries(auth);
  return providers.flatMap(([id, provider], index) => {
    for (const [earlierId, earlier] of providers.slice(0, index)) {
      const shared = sharedTokens(earlier, provider);
      if (shared === undefined || !routes.some((route) => takes(route, earlierId) && takes(route, id)))
        continue;
      const why = `\`${earlierId}\`, which comes first: on routes that take both it is not asked about them`;
      return [{ path: ['auth', id], message: `takes ${shared} as ${why}` }];
    }
    return [];
  });
}

/** @returns the tokens that both of them take, in words; `undefined` if there are none */
function sharedTokens(one: AuthProviderConfig, other: AuthProviderConfig): string | undefined {
  if (one.apiKeys || other.apiKeys) return undefined;
  if (one.introspection && other.introspection) return 'tokens that no other provider takes,';
  if (one.introspection || other.introspection || one.issuer !== other.issuer) return undefined;
  const algorithms = other.algorithms.filter((each) => one.algorithms.includes(each));
  return algorithms.length === 0 ? undefined : `${algorithms.join(' and ')} tokens of the same issuer`;
}

function takes({ auth }: RouteConfig, id: string): boolean {
  return auth !== 'none' && (auth?.providers?.includes(id) ?? true);
}

function isPlain(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !LOOPBACK.test(hostname);
}
