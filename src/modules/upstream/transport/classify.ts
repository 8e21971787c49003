import type { Outcome } from '../../../common/errors/outcomes.js';
import { ProblemError } from '../../../common/errors/problem.js';

/** How far a call had come when it failed. */
export type CallPhase = 'connecting' | 'awaiting-head' | 'streaming';

/** A call that the gateway has given up, or a fault that it has found itself. It names its own outcome. */
export class CallError extends Error {
  override readonly name = 'CallError';

  /** @param code for the record of a failure */
  constructor(
    readonly outcome: Outcome,
    readonly code: string = outcome,
  ) {
    super(code);
  }
}

/**
 * The upstream rejects our certificate, or that we sent none. In TLS 1.3 its alert comes after our side of the handshake,
 * when the request has been sent already; the upstream has not read it.
 */
const HANDSHAKE_ALERT = /^ERR_SSL_.*ALERT_(?:.*CERTIFICATE.*|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)$/;

/** Codes of undici beside those of its parser; some errors of the parser have no code, and go by their name. */
const MALFORMED: ReadonlySet<string> = new Set([
  'HTTPParserError',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_RESPONSE',
]);

/**
 * Faults of the gateway's own system when it opens a connection: no descriptor, memory or local port is left, or a local
 * rule forbids it.
 */
const LOCAL_FAULTS: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
]);

/** @returns whether an error code of a connect says nothing about the other side */
export function isLocalFault(code: string): boolean {
  return LOCAL_FAULTS.has(code);
}

/** @returns the row of the outcome table for a failed call */
export function classifyFailure(error: unknown, phase: CallPhase): Outcome {
  if (error instanceof CallError) return error.outcome;
  if (error instanceof ProblemError && error.code === 'body_too_large') return 'body_too_large';
  const code = errorCode(error);
  // The limit of a head holds for trailers as well.
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'head_too_large';
  if (phase === 'streaming') return 'died_mid_body';
  // undici refused to send what we built, which is no fault of the upstream.
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') return 'gateway_error';
  if (code.startsWith('HPE_') || MALFORMED.has(code)) return 'malformed_response';
  if (HANDSHAKE_ALERT.test(code)) return 'connect_failed';
  if (phase !== 'connecting') return 'reset';
  return isLocalFault(code) ? 'connect_blocked' : 'connect_failed';
}

/** @returns the error's code, else its name; never its message, which may hold an address */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  // Without IPv6, `localhost` fails with EADDRNOTAVAIL for one address. What a service does at the other counts.
  if (error instanceof AggregateError) {
    const code = error.errors.map(errorCode).find((each) => !isLocalFault(each));
    if (code !== undefined) return code;
  }
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
