import type { Outcome } from '../../../common/errors/outcomes.js';
import { ProblemError } from '../../../common/errors/problem.js';

/** Where a failing call was when it failed. */
export type CallPhase = 'connecting' | 'awaiting-head' | 'streaming';

/** The caller gave up; nothing the upstream did. */
export class CallerGoneError extends Error {
  override readonly name = 'CallerGoneError';
}

/** The deadline passed before response headers. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/** The time of one try passed; there may be another one. */
export class TryTimeoutError extends Error {
  override readonly name = 'TryTimeoutError';
}

/** The response is not wanted: another try is made. */
export class DiscardedError extends Error {
  override readonly name = 'DiscardedError';
}

/** Another try of the same request has answered. */
export class HedgeLostError extends Error {
  override readonly name = 'HedgeLostError';
}

/** The response head cannot be read in only one way. */
export class MalformedHeadError extends Error {
  override readonly name = 'MalformedHeadError';
}

/**
 * The upstream does not accept our certificate, or none. In TLS 1.3 it says so after our side of the handshake
 * is done, when the request is on its way already; it has not read it.
 */
const HANDSHAKE_ALERT = /^ERR_SSL_.*ALERT_(?:.*CERTIFICATE.*|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)$/;

/** Names the failure of a call for the outcome table. */
export function classifyFailure(error: unknown, phase: CallPhase): Outcome {
  if (error instanceof CallerGoneError) return 'client_gone';
  if (error instanceof ProblemError && error.code === 'body_too_large') return 'body_too_large';
  if (error instanceof HedgeLostError) return 'hedge_lost';
  if (error instanceof DiscardedError) return 'upstream_status';
  if (phase === 'streaming') return 'died_mid_body';
  if (error instanceof DeadlineError) return 'deadline';
  if (error instanceof TryTimeoutError) return 'try_timeout';
  if (error instanceof MalformedHeadError) return 'malformed_response';
  const code = errorCode(error);
  // undici refuses to send what we built: our fault, not the upstream's.
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') return 'gateway_error';
  if (isMalformed(code)) return 'malformed_response';
  if (HANDSHAKE_ALERT.test(code)) return 'connect_failed';
  return phase === 'connecting' ? 'connect_failed' : 'reset';
}

/** @returns the error's code, or its name without one: never its message, which may hold an address */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

function isMalformed(code: string): boolean {
  return (
    code.startsWith('HPE_') ||
    // undici gives some of its parser's errors no code.
    code === 'HTTPParserError' ||
    code === 'UND_ERR_HEADERS_OVERFLOW' ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' ||
    code === 'UND_ERR_RESPONSE'
  );
}
