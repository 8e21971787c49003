// Measures the token guard for a cached token and for a new one, beside the bare verification of the signature.
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { systemClock } from '../../dist/common/clock.js';
import { ByRoute } from '../../dist/modules/auth/auth-policy.js';
import { AuthProviders } from '../../dist/modules/auth/auth-providers.js';
import { TokenDenylist } from '../../dist/modules/auth/denylist/token-denylist.service.js';
import { JwtAuthGuard } from '../../dist/modules/auth/jwt-auth.guard.js';
import { TokenVerifier } from '../../dist/modules/auth/token-verifier.service.js';
import { ConfigStore } from '../../dist/modules/config/config.store.js';
import { RedisConnection } from '../../dist/modules/redis/redis.connection.js';
import { attachExchange, Exchange } from '../../dist/modules/routing/exchange.js';

const signed = 1024;
const handler = () => undefined;
ByRoute(true)(handler);

const bare = 'crypto.verify of an RS256 token';
const first = 'guard: an RS256 token not seen before';

/**
 * @param {(tree: object) => import('../../dist/modules/config/gateway-config.js').GatewayConfig} parsed
 * @param {(holds: boolean) => void} expect
 */
export function authSteps(parsed, expect) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const config = parsed({
    auth: {
      bench: {
        publicKey: publicKey.export({ type: 'spki', format: 'pem' }),
        algorithms: ['RS256'],
        issuer: 'https://idp.example/',
        audience: 'gateway',
      },
    },
    upstreams: { orders: { url: 'http://127.0.0.1:1' } },
    routes: [{ id: 'orders', match: { path: '/**' }, upstream: 'orders', auth: { scopes: ['orders:read'] } }],
  });
  const tokens = Array.from({ length: signed }, (_, i) => tokenOf(`user-${i}`, privateKey));
  // All requests use one connection, as behind a load balancer.
  const contexts = tokens.map(({ token }) => contextOf(`Bearer ${token}`, { config: config.routes[0] }));
  const forged = contextOf(`Bearer ${tokens[0].token}AAAA`, { config: config.routes[0] });
  let guard = guardOf(config);
  expect(guard.canActivate(contexts[0]));
  expect(refuses(() => guard.canActivate(forged)));
  return {
    'a field as the parser makes it': () => contexts[0].field().length,
    'guard: a token seen before': () => guard.canActivate(contexts[0]),
    'two such in turn, on one connection': (i) => guard.canActivate(contexts[i & 1]),
    'the same, each on a new connection': (i) => {
      contexts[i & 1].reconnect();
      return guard.canActivate(contexts[i & 1]);
    },
    [bare]: (i) => {
      const { text, signature } = tokens[i & (signed - 1)];
      return verify('sha256', text, publicKey, signature);
    },
    [first]: (i) => {
      // A verifier with an empty cache.
      if ((i & (signed - 1)) === 0) guard = guardOf(config);
      return guard.canActivate(contexts[i & (signed - 1)]);
    },
  };
}

/** @param {Record<string, number>} nanoseconds by the name of the step */
export function guardsOwnShare(nanoseconds) {
  return ['the same without crypto.verify', nanoseconds[first] - nanoseconds[bare]];
}

function tokenOf(sub, privateKey) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: 'https://idp.example/', aud: ['gateway', 'other'], sub, iat: now, exp: now + 3600 };
  const parts = [
    { alg: 'RS256', typ: 'JWT', kid: '2026-01' },
    { ...claims, scope: 'orders:read', tenant: 'acme' },
  ];
  const text = Buffer.from(
    parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.'),
  );
  const signature = sign('sha256', text, privateKey);
  return { token: `${text.toString()}.${signature.toString('base64url')}`, text, signature };
}

function guardOf(config) {
  const providers = providersOf(config);
  return new JwtAuthGuard(verifierOf(config, providers), providers);
}

export function verifierOf(config, providers = providersOf(config)) {
  const store = new ConfigStore(config);
  const denylist = new TokenDenylist(store, systemClock, new RedisConnection(store));
  return new TokenVerifier(providers, systemClock, denylist);
}

function providersOf(config) {
  return new AuthProviders(new ConfigStore(config), systemClock, undefined);
}

const shared = {};

function contextOf(authorization, route) {
  const bytes = Buffer.from(authorization, 'latin1');
  // A new string for each request, even if it is equal, as from a socket.
  const field = () => bytes.latin1Slice();
  const headers = {
    get authorization() {
      return field();
    },
  };
  const req = { headers, socket: shared };
  attachExchange(req, new Exchange(req, {}, { match: { kind: 'route', route } }, 0));
  return {
    field,
    reconnect: () => void (req.socket = {}),
    switchToHttp: () => ({ getRequest: () => req }),
    getClass: () => JwtAuthGuard,
    getHandler: () => handler,
  };
}

function refuses(call) {
  try {
    call();
    return false;
  } catch {
    return true;
  }
}
