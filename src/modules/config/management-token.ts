import { hash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../common/clock.js';
import { ProblemError } from '../../common/errors/problem.js';
import { ConfigStore } from './config.store.js';
import { CLOCK } from './config.tokens.js';

/** Wrong tokens that an address may send within a minute. */
const MAX_ATTEMPTS = 10;
/** Milliseconds. */
const WINDOW = 60_000;
const MAX_PEERS = 10_000;

/** Attempts are counted for each by themselves: anybody reaches the public port, and must not lock operators out. */
type Port = 'management' | 'public';

interface Attempts {
  readonly since: number;
  count: number;
}

/** Judges whether somebody has the management token, and keeps addresses from guessing it. */
@Injectable()
export class ManagementToken {
  /** By address. */
  private readonly attempts: Readonly<Record<Port, LRUCache<string, Attempts>>> = {
    management: new LRUCache({ max: MAX_PEERS }),
    public: new LRUCache({ max: MAX_PEERS }),
  };

  constructor(
    @Inject(ConfigStore) private readonly config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws ProblemError `admin_attempts_exceeded` for an address that has sent too many wrong ones, whatever it sends now */
  check(peer: string, port: Port): void {
    const attempts = this.attempts[port].get(peer);
    if (!attempts || attempts.count < MAX_ATTEMPTS) return;
    const left = attempts.since + WINDOW - this.clock.now();
    if (left > 0)
      throw new ProblemError('admin_attempts_exceeded', {
        headers: { 'Retry-After': String(Math.ceil(left / 1_000)) },
      });
  }

  /** @returns whether it is the token that is configured; when none is, no token is right */
  isRight(given: string, peer: string, port: Port): boolean {
    const { token } = this.config.current.management;
    // Digests have equal length, so the time of the comparison reveals nothing.
    const isRight = token !== '' && timingSafeEqual(digest(given), digest(token));
    if (!isRight) this.count(peer, port);
    return isRight;
  }

  private count(peer: string, port: Port): void {
    const now = this.clock.now();
    const peers = this.attempts[port];
    const attempts = peers.get(peer);
    if (attempts && now - attempts.since < WINDOW) attempts.count++;
    else peers.set(peer, { since: now, count: 1 });
  }
}

const digest = (text: string) => hash('sha256', text, 'buffer');
