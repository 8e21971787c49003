import { hash } from 'node:crypto';
import type { HttpService } from '@nestjs/axios';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../common/clock.js';
import type { AuthProviderConfig, IntrospectionConfig } from '../../config/gateway-config.js';
import { identityOf } from '../identity-of.js';
import { FetchError, fetchJson } from '../fetch-json.js';
import type { Verdict } from '../jwt-provider.js';
import { refusalOf } from '../registered-claims.js';
import { isRefusal, Unavailable } from '../unavailable.js';
import { RefusedTokens } from './refused-tokens.js';

const MOST_BYTES = 64 * 1024;
/** Tokens that are asked about at a time; with more, the endpoint is slower than the flood. */
const MOST_UNDER_WAY = 64;
/** Of these, so many that were never found good: whoever makes tokens up must not shut out who has one. */
const MOST_UNKNOWN = 32;
/** Failures in a row after which nothing is asked for a while. */
const FAILURES = 5;
/** Milliseconds. */
const PAUSE = 5_000;
const MOST_KNOWN = 10_000;
/** Answers of the kind 4xx that are about the gateway or the address, and not about the token in question. */
const ABOUT_US: ReadonlySet<number> = new Set([401, 403, 404, 405, 410, 429]);

/** Asks an issuer about tokens that only it can read (RFC 7662). What it cannot be asked about does not pass. */
export class Introspector {
  private readonly underWay = new Map<string, Promise<Verdict>>();
  private readonly refused = new RefusedTokens();
  /** By hash: tokens that the issuer has vouched for, and has not taken back. */
  private readonly known = new LRUCache<string, true>({ max: MOST_KNOWN });
  private readonly stopped = new AbortController();
  private readonly authorization: string;
  private unknownUnderWay = 0;
  private failures = 0;
  /** Monotonic milliseconds. */
  private restsUntil = 0;

  constructor(
    readonly id: string,
    private readonly config: AuthProviderConfig,
    private readonly introspection: IntrospectionConfig,
    private readonly http: HttpService,
    private readonly clock: Clock,
  ) {
    const { clientId, clientSecret } = introspection;
    // RFC 6749 section 2.3.1: both are form-encoded before they are put together.
    const credentials = [clientId, clientSecret].map((text) => encodeURIComponent(text)).join(':');
    this.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  }

  stop(): void {
    this.stopped.abort();
  }

  /** Concurrent calls with one token share one question. */
  verify(token: string): Verdict | Promise<Verdict> {
    const key = hash('sha256', token, 'base64');
    const now = this.clock.now();
    const refused = this.refused.find(key, now);
    if (refused !== undefined) return refused;
    const pending = this.underWay.get(key);
    if (pending) return pending;
    const isKnown = this.known.has(key);
    if (now < this.restsUntil || !this.hasPlaceFor(isKnown)) return this.away();
    if (!isKnown) this.unknownUnderWay++;
    const verdict = this.ask(token)
      .then((answer) => this.judge(answer, key))
      .catch((error: unknown) => (isAboutToken(error) ? this.away() : this.failed()))
      .finally(() => {
        this.underWay.delete(key);
        if (!isKnown) this.unknownUnderWay--;
      });
    this.underWay.set(key, verdict);
    return verdict;
  }

  private hasPlaceFor(isKnown: boolean): boolean {
    return this.underWay.size < MOST_UNDER_WAY && (isKnown || this.unknownUnderWay < MOST_UNKNOWN);
  }

  private ask(token: string): Promise<unknown> {
    const { url, timeout } = this.introspection;
    return fetchJson(this.http, url, {
      timeout,
      maxBytes: MOST_BYTES,
      signal: this.stopped.signal,
      form: { token, token_type_hint: 'access_token' },
      authorization: this.authorization,
    });
  }

  private judge(answer: unknown, key: string): Verdict {
    if (typeof answer !== 'object' || answer === null || !('active' in answer)) return this.failed();
    this.failures = 0;
    const verdict = answer.active === true ? this.accept(answer) : 'inactive';
    if (isRefusal(verdict)) {
      this.refused.add(key, verdict, this.clock.now());
      this.known.delete(key);
    } else {
      this.known.set(key, true);
    }
    return verdict;
  }

  private accept(answer: Record<string, unknown>): Verdict {
    const { issuer, audience, clockSkew, forwardClaims } = this.config;
    const nowMs = this.clock.wall();
    const { maxAge } = this.introspection;
    // The answer need not say when the token ends; then it is good for as long as it is remembered.
    const claims = { ...answer, exp: answer['exp'] ?? Math.ceil((nowMs + maxAge) / 1000) };
    const refusal = refusalOf(claims, { issuer, audience, clockSkewMs: clockSkew }, nowMs);
    if (refusal !== undefined) return refusal;
    // `refusalOf` lets only numbers through.
    const exp = claims.exp as number;
    return {
      identity: identityOf(answer, { provider: this.id, forwardClaims }),
      expiresAtMs: exp * 1000 + clockSkew,
      key: this.answerOfNow(maxAge),
    };
  }

  /** Aged by the monotonic clock: one that is set back keeps no answer in use. */
  private answerOfNow(maxAge: number): { readonly retired: boolean } {
    const { clock } = this;
    const askAgainAt = clock.now() + maxAge;
    return {
      get retired() {
        return clock.now() >= askAgainAt;
      },
    };
  }

  private failed(): Verdict {
    if (++this.failures >= FAILURES) {
      this.restsUntil = this.clock.now() + PAUSE;
      // One more failure after the pause is enough for the next one.
      this.failures = FAILURES - 1;
    }
    return this.away();
  }

  private away(): Unavailable {
    return new Unavailable('introspection_unavailable', this.restsUntil - this.clock.now());
  }
}

/** The endpoint is well and objects to this one question: anybody could make it seem to fail with five of them. */
function isAboutToken(error: unknown): boolean {
  const status = (error instanceof FetchError && error.status) || 0;
  return status >= 400 && status < 500 && !ABOUT_US.has(status);
}
