import type { AuthProviderConfig, GatewayConfig, RouteConfig } from '../gateway-config.js';
import { isLoopback } from './gateway.js';

/** @returns the message of the warning, or a falsy value when all is well */
type ProviderLint = (
  provider: AuthProviderConfig,
  id: string,
  config: GatewayConfig,
) => string | false | undefined;

export const PROVIDER_LINTS: Readonly<Record<string, ProviderLint>> = {
  'plain-http': ({ jwksUri, introspection, issuer, secret, publicKey, apiKeys }) => {
    const hasKey = (secret ?? publicKey ?? apiKeys) !== undefined;
    const asked = jwksUri ?? introspection?.url ?? (hasKey ? undefined : issuer);
    return (
      isPlain(asked) &&
      'the issuer is asked over plain HTTP, so anyone between it and the gateway can let anybody in'
    );
  },
  'any-token-of-issuer': ({ jwksUri, issuer, audience }) =>
    jwksUri !== undefined &&
    issuer === undefined &&
    audience === undefined &&
    'without `issuer` and `audience`, every token that is signed with one of these keys is accepted, also one for another service',
  'unused-provider': (_, id, { routes }) =>
    !routes.some((route) => accepts(route, id)) && 'no route accepts tokens of this provider',
  'cookie-without-websocket': ({ cookie }, id, { routes }) =>
    cookie !== undefined &&
    !routes.some((route) => route.websocket && accepts(route, id)) &&
    'its `cookie` counts only in WebSocket handshakes, and no route with `websocket` accepts its tokens',
  'shadowed-provider': (provider, id, { auth, routes }) => {
    const earlier = Object.entries(auth).slice(0, Object.keys(auth).indexOf(id));
    for (const [other, config] of earlier) {
      const tokens = sharedTokens(config, provider);
      if (tokens && routes.some((route) => accepts(route, other) && accepts(route, id)))
        return `\`${other}\` comes first and takes ${tokens} too, so this provider is not asked about them on routes that accept both`;
    }
    return undefined;
  },
};

/** @returns the tokens that both providers take, in words; `undefined` if there are none */
function sharedTokens(one: AuthProviderConfig, other: AuthProviderConfig): string | undefined {
  if (one.apiKeys || other.apiKeys || one.clientCertificate || other.clientCertificate) return undefined;
  if (one.introspection && other.introspection) return 'tokens that no other provider takes';
  if (one.introspection || other.introspection || one.issuer !== other.issuer) return undefined;
  const algorithms = other.algorithms.filter((each) => one.algorithms.includes(each));
  return algorithms.length === 0 ? undefined : `${algorithms.join(' and ')} tokens of the same issuer`;
}

function accepts({ auth }: RouteConfig, id: string): boolean {
  return auth !== 'none' && (auth?.providers?.includes(id) ?? true);
}

function isPlain(url: string | undefined): boolean {
  if (url === undefined) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !isLoopback(hostname);
}
