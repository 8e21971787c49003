import type { HttpService } from '@nestjs/axios';
import { FetchError, fetchJson } from '../fetch-json.js';

const MOST_BYTES = 256 * 1024;

/** Where an issuer publishes its keys: an address, or what its discovery document says. */
export class KeyEndpoint {
  private discovered: string | undefined;

  /**
   * @param jwksUri without it, the issuer's discovery document (OpenID Connect Discovery 1.0) says it
   * @param timeout milliseconds for each fetch
   */
  constructor(
    private readonly http: HttpService,
    private readonly jwksUri: string | undefined,
    private readonly issuer: string,
    private readonly timeout: number,
  ) {}

  /**
   * @returns whatever JSON is there
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
    const document = await this.get(
      `${this.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
      signal,
    );
    const { issuer, jwks_uri: uri } = (document ?? {}) as { issuer?: unknown; jwks_uri?: unknown };
    // Section 4.3: exactly equal, or it is the document of somebody else.
    if (issuer !== this.issuer || typeof uri !== 'string' || !isAsSafe(uri, this.issuer))
      throw new FetchError('malformed');
    return uri;
  }

  private get(url: string, signal: AbortSignal): Promise<unknown> {
    return fetchJson(this.http, url, { timeout: this.timeout, maxBytes: MOST_BYTES, signal });
  }
}

/** Keys that anybody on the way can change verify nothing. */
function isAsSafe(uri: string, issuer: string): boolean {
  if (!URL.canParse(uri)) return false;
  const { protocol } = new URL(uri);
  return protocol === 'https:' || (protocol === 'http:' && new URL(issuer).protocol === 'http:');
}
