export type SecretAlgorithm = 'HS256' | 'HS384' | 'HS512';
export type PublicKeyAlgorithm =
  'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA';
export type TokenAlgorithm = SecretAlgorithm | PublicKeyAlgorithm;

export function isPublicKeyAlgorithm(algorithm: TokenAlgorithm): algorithm is PublicKeyAlgorithm {
  return !algorithm.startsWith('HS');
}

/**
 * At most one of `secret`, `publicKey`, `jwksUri`, `apiKeys` and `introspection` is there, and `algorithms` fits its
 * kind. With none of them the discovery document of `issuer` says where the keys are.
 */
export interface AuthProviderConfig {
  readonly secret?: string;
  /** PEM text of the public key. */
  readonly publicKey?: string;
  readonly jwksUri?: string;
  readonly jwks: JwksConfig;
  readonly introspection?: IntrospectionConfig;
  readonly apiKeys?: readonly ApiKeyConfig[];
  /** Where an API key is sent; lower case. */
  readonly header: string;
  /** Query parameter in which it may be instead. */
  readonly query?: string;
  readonly issuer?: string;
  readonly audience?: readonly string[];
  readonly algorithms: readonly TokenAlgorithm[];
  /** What the header of a token must say that it is; `undefined`: anything. */
  readonly typ?: string;
  readonly clockSkew: number;
  /** Claims that upstreams are told, each in a header `X-User-...` or `X-Jwt-...`. */
  readonly forwardClaims: Readonly<Record<string, string>>;
}

/** How an issuer is asked about tokens (RFC 7662). */
export interface IntrospectionConfig {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly timeout: number;
  /** An answer is used at most this long, and no longer than until the token's `exp`. */
  readonly maxAge: number;
}

export interface ApiKeyConfig {
  /** Who has it; the subject of its identity. */
  readonly id: string;
  /** `sha256:` and 64 hex digits. */
  readonly hash: string;
  readonly scopes: readonly string[];
}

/** How the keys of an issuer are kept. */
export interface JwksConfig {
  /** Between two fetches. */
  readonly refresh: number;
  /** Between two fetches because of a key id that is not known. */
  readonly cooldown: number;
  /** Since the last successful fetch; older keys are not used. */
  readonly maxStale: number;
  /** For one fetch. */
  readonly timeout: number;
}
