import { z } from 'zod';
import { LONGEST_TIMER_MS } from '../../common/units.js';
import type { BreakerOpened, TransitionReason } from '../upstream/breaker/breaker.types.js';

/** How every state file begins, of any version. */
export const MARK = '{"format":"breakwater-state/';
const FORMAT = 'breakwater-state/1';

/** Of breakers that are not closed. */
const REASONS = [
  'error-rate',
  'consecutive-failures',
  'health',
  'open-elapsed',
  'trial-failed',
  'replicas',
  'manual',
] as const satisfies readonly TransitionReason[];

const date = z.iso.datetime().transform((text) => new Date(text));
const milliseconds = z.number().min(-LONGEST_TIMER_MS).max(LONGEST_TIMER_MS);

const breakerSchema = z.object({
  upstream: z.string(),
  since: date,
  reason: z.enum(REASONS),
  /** Trips in a row. */
  trips: z.int().min(0),
  /** Milliseconds until a trial may go; `null` when only an operator ends that. */
  openFor: milliseconds.nullable(),
  /** Whether an operator keeps it open. */
  isIsolated: z.boolean(),
});

const stateSchema = z.object({
  format: z.literal(FORMAT),
  /** When the rest was right. */
  at: date,
  breakers: z.array(breakerSchema),
  /** As `UsedBucket`. */
  buckets: z.array(z.tuple([z.string().max(100), z.string().max(100), z.int().min(0), milliseconds])),
});

/** What survives a restart. Durations count from `at`, so that a clock that is set makes none of them longer. */
export type GatewayState = z.output<typeof stateSchema>;
export type KeptBreaker = GatewayState['breakers'][number];

/** @returns what is written as JSON, with `format` as the first key */
export function asWritten(state: Omit<GatewayState, 'format'>): object {
  return { format: FORMAT, ...state };
}

/** @throws Error that says why a text is no state */
export function parseState(text: string): GatewayState {
  const { data, error } = stateSchema.safeParse(JSON.parse(text));
  if (data) return data;
  const [issue] = error.issues;
  throw new Error(`${issue?.path.join('.')}: ${issue?.message}`);
}

/** @returns `undefined` of a closed breaker */
export function keptBreaker(upstream: string, news: BreakerOpened | undefined): KeptBreaker | undefined {
  const reason = REASONS.find((each) => each === news?.reason);
  if (!news || !reason) return undefined;
  const { since = new Date(0), trips = 0, openFor = 0, isolatedFor } = news;
  const left = openFor === Number.POSITIVE_INFINITY ? null : Math.min(Math.round(openFor), LONGEST_TIMER_MS);
  return { upstream, since, reason, trips, openFor: left, isIsolated: isolatedFor !== undefined };
}

/**
 * @param age milliseconds since the state was right
 * @param maxOpenFor milliseconds, of the upstream
 * @param wall milliseconds since the epoch
 * @returns what opens the breaker again. One whose time is over is open for a millisecond, and then waits for a trial
 */
export function newsOf(kept: KeptBreaker, age: number, maxOpenFor: number, wall: number): BreakerOpened {
  const { trips, isIsolated } = kept;
  const left = kept.openFor === null ? Number.POSITIVE_INFINITY : Math.max(1, kept.openFor - age);
  return {
    kind: 'opened',
    reason: isIsolated ? 'manual' : kept.reason,
    openFor: isIsolated ? left : Math.min(left, maxOpenFor),
    trips,
    isolatedFor: isIsolated ? left : undefined,
    since: new Date(Math.min(kept.since.getTime(), wall)),
  };
}
