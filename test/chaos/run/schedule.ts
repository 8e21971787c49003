import { Dice } from '../../drills/dice.js';
import type { Service } from './types.js';

export type FaultKind = 'kill' | 'freeze' | 'slow' | 'corrupt' | 'restart';
export type FaultTarget = Service | 'redis';

export interface PlannedFault {
  readonly target: FaultTarget;
  readonly kind: FaultKind;
  /** Milliseconds from the start of the measurement. */
  readonly at: number;
  /** Milliseconds until it is reverted. */
  readonly for: number;
}

type Card = readonly [FaultTarget, FaultKind];

/** Shortest and longest fault in milliseconds. It must outlast the timeout of an upstream, and the way to an open breaker. */
const LENGTH = [4_000, 7_000] as const;
/** Between faults of services, so that the recovery from one is over before the next. */
const PAUSE = [7_000, 9_000] as const;
const REDIS_PAUSE = [5_000, 10_000] as const;
/** A process that was killed needs a moment to listen again. */
const START_OF_PROCESS = 1_500;

/** Each run has both: one outage that callers notice at once, and one that only a breaker makes quick. */
const ALWAYS: readonly Card[] = [
  ['orders', 'kill'],
  ['orders', 'freeze'],
];
const OTHERS: readonly Card[] = [
  ['orders', 'slow'],
  ['orders', 'corrupt'],
  ['orders', 'restart'],
  ['users', 'kill'],
  ['users', 'freeze'],
  ['users', 'slow'],
  ['users', 'corrupt'],
  ['users', 'restart'],
  ['live', 'kill'],
  ['live', 'freeze'],
  ['live', 'restart'],
];
const REDIS: readonly Card[] = [
  ['redis', 'kill'],
  ['redis', 'freeze'],
  ['redis', 'corrupt'],
  ['redis', 'restart'],
];

/**
 * Plans the faults of a run. Services fail one at a time, so that every error has one possible cause; Redis fails
 * independently of them.
 *
 * @param from milliseconds from the start of the measurement to the first fault
 * @param until when the last one is reverted at the latest
 * @returns the faults by time, the same ones for the same seed; those of Redis never change the others
 */
export function planFaults(seed: number, from: number, until: number, withRedis: boolean): PlannedFault[] {
  const services = lane(new Dice(seed), [ALWAYS, OTHERS], { from, until, pause: PAUSE });
  const dice = new Dice(seed + 1);
  const redisFrom = from + dice.between(1_000, 5_000);
  const redis = withRedis ? lane(dice, [REDIS], { from: redisFrom, until, pause: REDIS_PAUSE }) : [];
  return [...services, ...redis].toSorted((a, b) => a.at - b.at);
}

interface Lane {
  readonly from: number;
  readonly until: number;
  readonly pause: readonly [number, number];
}

function lane(dice: Dice, decks: readonly (readonly Card[])[], { from, until, pause }: Lane): PlannedFault[] {
  const faults: PlannedFault[] = [];
  let cards: Card[] = [];
  for (let at = from; ;) {
    if (cards.length === 0) cards = decks.flatMap((deck) => shuffled(dice, deck));
    const [target, kind] = cards.shift() as Card; // A deck is not empty.
    const length = kind === 'restart' ? 0 : dice.between(...LENGTH);
    if (at + length + START_OF_PROCESS > until) return faults;
    faults.push({ target, kind, at, for: length });
    at += length + START_OF_PROCESS + dice.between(...pause);
  }
}

function shuffled<T>(dice: Dice, deck: readonly T[]): T[] {
  const rest = [...deck];
  return deck.map(() => rest.splice(dice.between(0, rest.length - 1), 1)[0] as T); // The index is within the rest.
}
