import { AsyncLocalStorage } from 'node:async_hooks';
import type { TryRecord } from '../try-record.js';
import { isTraceHeader, withValidTrace } from './trace-context.js';

/** What calls to upstreams have from the request that a controller of code is handling. */
export interface Inherited {
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly tries: TryRecord[];
}

/** Nothing is inherited while a route of the configuration is answered, whose calls are made in full. */
export const inherited = new AsyncLocalStorage<Inherited>();

/**
 * @param raw names and values in turn, as received
 * @returns what makes calls part of the same request: its id, and its trace if that is valid
 */
export function headersToInherit(raw: readonly string[], requestId: string): string[] {
  const trace = raw.filter((_, i) => isTraceHeader((raw[i - (i % 2)] ?? '').toLowerCase()));
  return ['X-Request-Id', requestId, ...withValidTrace(trace)];
}

/** A call of code to an upstream. */
interface InheritingCall {
  readonly headers?: readonly string[];
  readonly tries?: TryRecord[];
}

/** @returns the call with the inherited headers whose names it lacks */
export function withInherited<T extends InheritingCall>(call: T, { headers, tries }: Inherited): T {
  const own = call.headers ?? [];
  const names = new Set(own.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()));
  const added = headers.filter((_, i) => !names.has((headers[i - (i % 2)] ?? '').toLowerCase()));
  return { ...call, headers: [...own, ...added], tries: call.tries ?? tries };
}
