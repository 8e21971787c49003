import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import type { Cancellation } from '../cancellation.js';
import type { Deadline } from '../resilience/deadline.js';
import type { TryRecord } from '../try-record.js';
import { isTraceHeader, type Trace, withValidTrace } from './trace-context.js';

/** What calls to upstreams have from the request that a controller of code is handling. */
export interface Inherited {
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly tries: TryRecord[];
  /** Calls are spans of it. */
  readonly trace: Trace | undefined;
  /** All calls have to end before it passes. */
  deadline?: Deadline;
  /** The client is gone. Calls are not cancelled by it unless they ask for that. */
  readonly gone?: Cancellation;
  readonly res?: ServerResponse;
  /** A fallback has taken the place of a part of the answer. */
  isPartial?: boolean;
}

/** Nothing is inherited while a route of the configuration is answered, whose calls are made in full. */
export const inherited = new AsyncLocalStorage<Inherited>();

/**
 * @param raw names and values in turn, as received
 * @param trace `undefined` when the gateway records no traces
 * @returns what makes calls part of the same request: its id, and its trace if that is valid
 */
export function headersToInherit(
  raw: readonly string[],
  requestId: string,
  trace: Trace | undefined,
): string[] {
  const received = raw.filter((_, i) => isTraceHeader((raw[i - (i % 2)] ?? '').toLowerCase()));
  return ['X-Request-Id', requestId, ...(trace ? continued(received, trace) : withValidTrace(received))];
}

/** @returns the trace headers of upstreams of which the gateway is a part itself */
function continued(received: readonly string[], { parentId, traceparent }: Trace): string[] {
  const state = received.filter((_, i) => received[i - (i % 2)]?.toLowerCase() === 'tracestate');
  return ['traceparent', traceparent, ...(parentId === undefined ? [] : state)];
}

/** A call of code to an upstream. */
interface InheritingCall {
  readonly headers?: readonly string[];
  readonly tries?: TryRecord[];
  readonly trace?: Trace | undefined;
}

/** @returns the call with the inherited headers whose names it lacks */
export function withInherited<T extends InheritingCall>(call: T, { headers, tries, trace }: Inherited): T {
  const own = call.headers ?? [];
  const names = new Set(own.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()));
  const added = headers.filter((_, i) => !names.has((headers[i - (i % 2)] ?? '').toLowerCase()));
  return { ...call, headers: [...own, ...added], tries: call.tries ?? tries, trace: call.trace ?? trace };
}
