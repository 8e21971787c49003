/** Who sent the request, as verified by the gateway. */
export interface Identity {
  /** Id of the provider that verified it. */
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
  /** Headers that upstreams get about it, names and values in turn. */
  readonly upstreamHeaders: readonly string[];
}
