/** Who sent the request, as verified by the gateway. */
export interface Identity {
  /** The provider that vouches for it. */
  readonly provider: string;
  /** The token's `sub`; an empty string if it has none. */
  readonly subject: string;
  readonly scopes: readonly string[];
  /** The verified payload. */
  readonly claims: Readonly<Record<string, unknown>>;
}
