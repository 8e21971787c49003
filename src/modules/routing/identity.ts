/** Who sent the request, as verified by the gateway. */
export interface Identity {
  /** The provider that vouches for it. */
  readonly provider: string;
  /** The token's `sub`, or the id of the API key; an empty string if there is none. */
  readonly subject: string;
  /** Tells users of all providers and issuers apart, for whatever limits or counts them; empty without a subject. */
  readonly key: string;
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
