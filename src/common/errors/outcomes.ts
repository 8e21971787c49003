import type { ProblemCode } from './codes.js';

/** How far the request had come when it was decided. */
export type Stage = 'request' | 'bulkhead' | 'breaker' | 'connect' | 'await-head' | 'head' | 'body';

/** Whose doing the outcome is. */
export type Guilty = 'nobody' | 'client' | 'gateway' | 'upstream';

/** What the breaker hears: `neutral` frees a trial slot and counts nowhere, `none` was never admitted. */
export type Vote = 'success' | 'failure' | 'neutral' | 'none';

export interface OutcomeRow {
  readonly stage: Stage;
  readonly guilty: Guilty;
  readonly vote: Vote;
  /** Why the try may be made again, if the request may be repeated; see `retry.on`. */
  readonly retry?: 'connect' | 'reset' | 'timeout';
  /** The answer we make; without one, the client sees the upstream's own answer, a cut connection, or nothing. */
  readonly problem?: ProblemCode;
}

/**
 * Who is to blame: one row for each way a request can end. The breaker's vote, the client's answer and the
 * label `outcome` of metrics and log are all read from here.
 */
export const OUTCOMES = {
  success: { stage: 'body', guilty: 'nobody', vote: 'success' },
  upstream_status: { stage: 'head', guilty: 'upstream', vote: 'failure' },
  connect_failed: {
    stage: 'connect',
    guilty: 'upstream',
    vote: 'failure',
    retry: 'connect',
    problem: 'upstream_unreachable',
  },
  reset: {
    stage: 'await-head',
    guilty: 'upstream',
    vote: 'failure',
    retry: 'reset',
    problem: 'upstream_reset',
  },
  deadline: { stage: 'await-head', guilty: 'upstream', vote: 'failure', problem: 'upstream_timeout' },
  try_timeout: {
    stage: 'await-head',
    guilty: 'upstream',
    vote: 'failure',
    retry: 'timeout',
    problem: 'upstream_timeout',
  },
  malformed_response: {
    stage: 'head',
    guilty: 'upstream',
    vote: 'failure',
    retry: 'reset',
    problem: 'upstream_malformed',
  },
  died_mid_body: { stage: 'body', guilty: 'upstream', vote: 'failure' },
  client_gone: { stage: 'request', guilty: 'client', vote: 'neutral' },
  hedge_lost: { stage: 'await-head', guilty: 'nobody', vote: 'neutral' },
  body_too_large: { stage: 'request', guilty: 'client', vote: 'neutral', problem: 'body_too_large' },
  breaker_open: { stage: 'breaker', guilty: 'upstream', vote: 'none', problem: 'breaker_open' },
  bulkhead_full: { stage: 'bulkhead', guilty: 'gateway', vote: 'none', problem: 'bulkhead_full' },
  fault_injected: { stage: 'request', guilty: 'nobody', vote: 'none', problem: 'fault_injected' },
  rejected: { stage: 'request', guilty: 'client', vote: 'none' },
  cache_hit: { stage: 'request', guilty: 'nobody', vote: 'none' },
  gateway_error: { stage: 'request', guilty: 'gateway', vote: 'neutral', problem: 'internal_error' },
} as const satisfies Record<string, OutcomeRow>;

export type Outcome = keyof typeof OUTCOMES;
