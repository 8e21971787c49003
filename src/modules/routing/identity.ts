/** Who sent the request, as verified by the gateway. */
export interface Identity {
  /** The provider that vouches for it. */
  readonly provider: string;
  /** The token's `sub`, or the id of the API key; an empty string if there is none. */
  readonly subject: string;
  /** The token's `iss`. */
  readonly issuer?: string | undefined;
  /** The claim `tenant`, or else `tid`, if it is text. */
  readonly tenant?: string | undefined;
  readonly scopes: readonly string[];
  /** The verified payload. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** What upstreams are told of it: names and values in turn, fit for a header. */
  readonly upstreamHeaders: readonly string[];
}
