import type { HttpService } from '@nestjs/axios';
import { FetchError, fetchJson } from '../fetch-json.js';

const MAX_RESPONSE_BYTES = 256 * 1024;

/** Where an issuer publishes its keys: a configured address, or the one that its discovery document names. */
export class KeyEndpoint {
  /** What was fetched last, without a query, for the log. */
  lastUrl: string | undefined;
  private discovered: string | undefined;

  /**
   * @param jwksUri without it, the discovery document names the address (OpenID Connect Discovery 1.0)
   * @param timeout milliseconds for each fetch
   */
  constructor(
    private readonly http: HttpService,
    private readonly jwksUri: string | undefined,
    private readonly issuer: string,
    private readonly timeout: number,
  ) {}

  /**
   * @returns any JSON
   * @throws FetchError
   */
  async fetch(signal: AbortSignal): Promise<unknown> {
    const url = this.jwksUri ?? this.discovered ?? (this.discovered = await this.discover(signal));
    try {
      return await this.get(url, signal);
    } catch (error) {
      // The issuer may have moved its keys.
      this.discovered = undefined;
      throw error;
    }
  }

  private async discover(signal: AbortSignal): Promise<string> {
    const url = `${this.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const document = await this.get(url, signal);
    const { issuer, jwks_uri: uri } = (document ?? {}) as { issuer?: unknown; jwks_uri?: unknown };
    // Section 4.3: the issuer must be exactly equal, or the document is another issuer's.
    if (issuer !== this.issuer || typeof uri !== 'string' || !isAsSafe(uri, this.issuer)) {
      throw new FetchError('malformed');
    }
    return uri;
  }

  private get(url: string, signal: AbortSignal): Promise<unknown> {
    const { origin, pathname } = new URL(url);
    this.lastUrl = origin + pathname;
    return fetchJson(this.http, url, { timeout: this.timeout, maxBytes: MAX_RESPONSE_BYTES, signal });
  }
}

/** Keys that anybody on the path can replace verify nothing. */
function isAsSafe(uri: string, issuer: string): boolean {
  const protocol = URL.parse(uri)?.protocol;
  return protocol === 'https:' || (protocol === 'http:' && new URL(issuer).protocol === 'http:');
}
