import type { ProblemCode } from './codes.js';

/** Who caused the outcome. */
export type Guilty = 'nobody' | 'client' | 'gateway' | 'upstream';

/** The vote of the outcome in the breaker: `neutral` frees a trial slot and counts nowhere, and so does `none`: nothing was sent. */
export type Vote = 'success' | 'failure' | 'neutral' | 'none';

export interface OutcomeRow {
  /** How far the request had come when its outcome was decided. */
  readonly stage: 'request' | 'bulkhead' | 'breaker' | 'connect' | 'await-head' | 'head' | 'body';
  readonly guilty: Guilty;
  readonly vote: Vote;
  /** The reason for a retry, if the request may be repeated; see `retry.on`. */
  readonly retry?: 'connect' | 'reset' | 'timeout';
  /** The gateway's answer. Without one, the client gets the upstream's answer, a closed connection, or nothing. */
  readonly problem?: ProblemCode;
}

const UPSTREAM_FAILED = { guilty: 'upstream', vote: 'failure' } as const;

/**
 * Who is to blame: one row for each way in which a request can end. The breaker's vote, the client's answer and the
 * label `outcome` of metrics and logs all come from this table.
 */
export const OUTCOMES = {
  success: { stage: 'body', guilty: 'nobody', vote: 'success' },
  upstream_status: { ...UPSTREAM_FAILED, stage: 'head' },
  connect_failed: { ...UPSTREAM_FAILED, stage: 'connect', retry: 'connect', problem: 'upstream_unreachable' },
  reset: { ...UPSTREAM_FAILED, stage: 'await-head', retry: 'reset', problem: 'upstream_reset' },
  deadline: { ...UPSTREAM_FAILED, stage: 'await-head', problem: 'upstream_timeout' },
  try_timeout: { ...UPSTREAM_FAILED, stage: 'await-head', retry: 'timeout', problem: 'upstream_timeout' },
  malformed_response: { ...UPSTREAM_FAILED, stage: 'head', retry: 'reset', problem: 'upstream_malformed' },
  // The connection ended, and the upstream had had to wait for long: this process stood still, or the client was slow.
  stalled: {
    stage: 'await-head',
    guilty: 'upstream',
    vote: 'neutral',
    retry: 'reset',
    problem: 'upstream_reset',
  },
  // The upstream had less than its own timeout, because another one had used the rest.
  short_deadline: {
    stage: 'await-head',
    guilty: 'upstream',
    vote: 'neutral',
    problem: 'upstream_timeout',
  },
  // A pause may be what the body is meant to do, and it says nothing about other calls.
  body_timeout: { stage: 'body', guilty: 'upstream', vote: 'neutral' },
  // Usually the data of one user, such as cookies. It must not open the breaker for all, and would be the same again.
  head_too_large: {
    stage: 'head',
    guilty: 'upstream',
    vote: 'neutral',
    problem: 'upstream_headers_too_large',
  },
  died_mid_body: { ...UPSTREAM_FAILED, stage: 'body' },
  client_gone: { stage: 'request', guilty: 'client', vote: 'neutral' },
  discarded: { stage: 'body', guilty: 'nobody', vote: 'neutral' },
  hedge_lost: { stage: 'await-head', guilty: 'nobody', vote: 'neutral' },
  body_too_large: { stage: 'request', guilty: 'client', vote: 'neutral', problem: 'body_too_large' },
  breaker_open: { stage: 'breaker', guilty: 'upstream', vote: 'none', problem: 'breaker_open' },
  // The system of the gateway opened no connection: the process has no descriptor left, or its host no port. A firewall or a
  // lack of ports may affect one target alone.
  connect_blocked: {
    stage: 'connect',
    guilty: 'gateway',
    vote: 'neutral',
    retry: 'connect',
    problem: 'connect_blocked',
  },
  bulkhead_full: { stage: 'bulkhead', guilty: 'gateway', vote: 'none', problem: 'bulkhead_full' },
  fault_injected: { stage: 'request', guilty: 'nobody', vote: 'none', problem: 'fault_injected' },
  maintenance: { stage: 'request', guilty: 'nobody', vote: 'none', problem: 'maintenance' },
  // Nobody's fault: the access log samples them like successes, because there are many and logging costs time, too.
  overloaded: { stage: 'request', guilty: 'nobody', vote: 'none', problem: 'overloaded' },
  rejected: { stage: 'request', guilty: 'client', vote: 'none' },
  plugin_answer: { stage: 'request', guilty: 'nobody', vote: 'none' },
  plugin_failed: { stage: 'request', guilty: 'gateway', vote: 'neutral', problem: 'plugin_failed' },
  cache_hit: { stage: 'request', guilty: 'nobody', vote: 'none' },
  gateway_error: { stage: 'request', guilty: 'gateway', vote: 'neutral', problem: 'internal_error' },
} as const satisfies Record<string, OutcomeRow>;

export type Outcome = keyof typeof OUTCOMES;
