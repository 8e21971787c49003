import { createSecretKey } from 'node:crypto';
import { JwtService } from '@nestjs/jwt';
import { parseDuration } from '../../common/units.js';
import type { AuthProviderConfig, GatewayConfig } from '../config/gateway-config.js';
import { SECRET_ALGORITHMS } from '../config/schema/auth.js';

export interface TokenRequest {
  /** Default: the first provider with a secret. */
  readonly provider?: string;
  readonly sub: string;
  /** Separated by spaces or commas. */
  readonly scopes?: string;
  /** A duration such as `8h`. */
  readonly expires: string;
}

export type TokenResult =
  { readonly ok: true; readonly token: string } | { readonly ok: false; readonly problem: string };

/** Signs a token as the provider's issuer would, to try a route with. Only a secret can sign. */
export function issueToken(auth: GatewayConfig['auth'], request: TokenRequest): TokenResult {
  const { provider: id = Object.keys(auth).find((each) => auth[each]?.secret !== undefined) } = request;
  const provider = id === undefined ? undefined : auth[id];
  if (id === undefined || !provider) {
    const known = Object.keys(auth).join(', ') || 'none';
    return { ok: false, problem: `No provider ${id ?? 'with a secret'} under auth; there is: ${known}.` };
  }
  if (provider.secret === undefined) {
    const problem = `Provider ${id} ${whatItHas(provider)}. Only one with a secret can sign a token here.`;
    return { ok: false, problem };
  }
  const expiresIn = parseDuration(request.expires);
  if (expiresIn === undefined || expiresIn === 0) {
    return { ok: false, problem: `--expires ${request.expires} is no duration such as 30m or 8h.` };
  }
  if (request.sub === '') return { ok: false, problem: '--sub is empty; it names a user.' };
  const scopes = request.scopes?.split(/[\s,]+/).filter((scope) => scope !== '');
  const { algorithms, issuer, audience } = provider;
  const token = new JwtService({ secret: createSecretKey(Buffer.from(provider.secret)) }).sign(
    { sub: request.sub, ...(scopes ? { scope: scopes.join(' ') } : {}) },
    {
      algorithm: SECRET_ALGORITHMS.find((each) => algorithms.includes(each)) ?? 'HS256',
      expiresIn: Math.ceil(expiresIn / 1000),
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience: [...audience] }),
    },
  );
  return { ok: true, token };
}

/** What a provider has instead of a secret. */
function whatItHas({ publicKey, jwksUri, issuer, introspection, apiKeys }: AuthProviderConfig): string {
  if (apiKeys) return 'takes API keys, not tokens; see breakwater api-key';
  if (introspection) return 'asks its issuer about each token; only that can make one';
  const keys = publicKey === undefined ? `uses the keys of ${jwksUri ?? issuer}` : 'has a public key';
  return `${keys}, which can verify tokens but not sign them`;
}
