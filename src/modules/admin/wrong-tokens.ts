import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { ProblemError } from '../../common/errors/problem.js';
import type { Clock } from '../../common/clock.js';
import { CLOCK } from '../config/config.tokens.js';

/** Wrong tokens that an address may send within a minute. */
const MAX_ATTEMPTS = 10;
/** Milliseconds. */
const WINDOW = 60_000;
const MAX_PEERS = 10_000;

interface Attempts {
  readonly since: number;
  count: number;
}

/** Keeps an address from guessing the management token. */
@Injectable()
export class WrongTokens {
  private readonly peers = new LRUCache<string, Attempts>({ max: MAX_PEERS });

  constructor(@Inject(CLOCK) private readonly clock: Clock) {}

  /** @throws ProblemError `admin_attempts_exceeded` for an address that has sent too many, whatever it sends now */
  check(peer: string): void {
    const attempts = this.peers.get(peer);
    if (!attempts || attempts.count < MAX_ATTEMPTS) return;
    const left = attempts.since + WINDOW - this.clock.now();
    if (left > 0)
      throw new ProblemError('admin_attempts_exceeded', {
        headers: { 'Retry-After': String(Math.ceil(left / 1_000)) },
      });
    this.peers.delete(peer);
  }

  add(peer: string): void {
    const now = this.clock.now();
    const attempts = this.peers.get(peer);
    if (attempts && now - attempts.since < WINDOW) attempts.count++;
    else this.peers.set(peer, { since: now, count: 1 });
  }
}
