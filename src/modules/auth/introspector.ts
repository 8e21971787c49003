import { hash } from 'node:crypto';
import type { HttpService } from '@nestjs/axios';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.js';
import type { AuthProviderConfig, IntrospectionConfig } from '../config/gateway-config.js';
import { validUntil } from './claims.js';
import { FetchError, fetchJson } from './fetch-json.js';
import { identityOf } from './identity-of.js';
import type { Verdict } from './jwt-provider.js';
import { isRefusal, type Refusal, Unavailable } from './refusal.js';

const MAX_RESPONSE_BYTES = 64 * 1024;
const MAX_CONCURRENT = 64;
/** Places for tokens that were never found valid: whoever makes tokens up must not shut out users. */
const MAX_CONCURRENT_UNKNOWN = 32;
/** Failures in a row after which the endpoint is left alone for `PAUSE_MS`. */
const MAX_FAILURES = 5;
const PAUSE_MS = 5_000;
const REFUSED_FOR_MS = 10_000;
const MAX_TOKENS = 10_000;
/** The 4xx responses that are about the gateway or the address, and not about the token. */
const ABOUT_US: ReadonlySet<number> = new Set([401, 403, 404, 405, 410, 429]);

/** Asks an issuer about tokens that only it can read (RFC 7662). While it cannot be asked, no token passes. */
export class Introspector {
  /** By hash of the token, like the two below. */
  private readonly pending = new Map<string, Promise<Verdict>>();
  /** Tokens that are not valid, so that nobody asks about them again and again. */
  private readonly refused = new LRUCache<string, { refusal: Refusal; until: number }>({ max: MAX_TOKENS });
  /** Tokens that the issuer has found valid, and has not revoked. */
  private readonly known = new LRUCache<string, true>({ max: MAX_TOKENS });
  private readonly stopped = new AbortController();
  private readonly authorization: string;
  private pendingUnknown = 0;
  private failures = 0;
  /** Monotonic milliseconds. */
  private pausedUntil = 0;

  constructor(
    readonly id: string,
    private readonly config: AuthProviderConfig,
    private readonly introspection: IntrospectionConfig,
    private readonly http: HttpService,
    private readonly clock: Clock,
  ) {
    const { clientId, clientSecret } = introspection;
    // RFC 6749 section 2.3.1: both are form-encoded before they are joined.
    const credentials = [clientId, clientSecret].map((text) => encodeURIComponent(text)).join(':');
    this.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  }

  stop(): void {
    this.stopped.abort();
  }

  /** Concurrent calls with one token share one request. */
  verify(token: string): Verdict | Promise<Verdict> {
    const key = hash('sha256', token, 'base64');
    const now = this.clock.now();
    const refused = this.refused.get(key);
    if (refused && now < refused.until) return refused.refusal;
    const pending = this.pending.get(key);
    if (pending) return pending;
    const isKnown = this.known.has(key);
    if (now < this.pausedUntil || !this.hasPlaceFor(isKnown)) return this.unavailable();
    if (!isKnown) this.pendingUnknown++;
    const verdict = this.ask(token)
      .then((response) => this.judge(response, key))
      .catch((error: unknown) => (isAboutToken(error) ? this.unavailable() : this.failed()))
      .finally(() => {
        this.pending.delete(key);
        if (!isKnown) this.pendingUnknown--;
      });
    this.pending.set(key, verdict);
    return verdict;
  }

  private hasPlaceFor(isKnown: boolean): boolean {
    return this.pending.size < MAX_CONCURRENT && (isKnown || this.pendingUnknown < MAX_CONCURRENT_UNKNOWN);
  }

  private ask(token: string): Promise<unknown> {
    const { url, timeout } = this.introspection;
    return fetchJson(this.http, url, {
      timeout,
      maxBytes: MAX_RESPONSE_BYTES,
      signal: this.stopped.signal,
      form: { token, token_type_hint: 'access_token' },
      authorization: this.authorization,
    });
  }

  private judge(response: unknown, key: string): Verdict {
    if (typeof response !== 'object' || response === null || !('active' in response)) return this.failed();
    this.failures = 0;
    const verdict = response.active === true ? this.accept(response) : 'inactive';
    if (isRefusal(verdict)) {
      this.refused.set(key, { refusal: verdict, until: this.clock.now() + REFUSED_FOR_MS });
      this.known.delete(key);
    } else {
      this.known.set(key, true);
    }
    return verdict;
  }

  private accept(response: Record<string, unknown>): Verdict {
    const { clock, config } = this;
    const { maxAge } = this.introspection;
    const wall = clock.wall();
    // RFC 7662 section 2.2: `exp` is optional. Without it, the token is valid for as long as the response is used.
    const claims = { ...response, exp: response['exp'] ?? Math.ceil((wall + maxAge) / 1000) };
    const end = validUntil(claims, config, wall);
    if (typeof end === 'string') return end;
    const askAgainAt = clock.now() + maxAge;
    return {
      identity: identityOf(response, this.id, config.forwardClaims),
      expiresAtMs: end,
      key: {
        // By the monotonic clock: setting the other one back must not keep a response in use.
        get retired() {
          return clock.now() >= askAgainAt;
        },
      },
    };
  }

  private failed(): Verdict {
    if (++this.failures >= MAX_FAILURES) {
      this.pausedUntil = this.clock.now() + PAUSE_MS;
      // After the pause, one more failure starts the next one.
      this.failures = MAX_FAILURES - 1;
    }
    return this.unavailable();
  }

  private unavailable(): Unavailable {
    return new Unavailable('introspection_unavailable', this.pausedUntil - this.clock.now());
  }
}

/** The endpoint works and objects to this one token; if that counted, five bad tokens would stop everybody's. */
function isAboutToken(error: unknown): boolean {
  const status = (error instanceof FetchError && error.status) || 0;
  return status >= 400 && status < 500 && !ABOUT_US.has(status);
}
