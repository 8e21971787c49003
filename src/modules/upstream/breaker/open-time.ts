import { jittered } from '../../../common/resilience/jitter.js';
import type { BreakerConfig } from '../../config/gateway-config.js';

/** Spreads open times, so that the gateways of a fleet do not try an upstream again at the same instant. */
const JITTER = 0.2;

/**
 * @param trips earlier ones in a row, each of which doubles the time
 * @param random in [0, 1)
 * @returns milliseconds for which a breaker stays open
 */
export function openTime({ openFor, maxOpenFor }: BreakerConfig, trips: number, random: number): number {
  const doubled = Math.min(openFor * 2 ** Math.min(trips, 30), maxOpenFor);
  return Math.min(Math.round(jittered(doubled, JITTER, random)), maxOpenFor);
}
