import { AsyncLocalStorage } from 'node:async_hooks';
import { isTraceHeader, withValidTrace } from './trace-context.js';

/**
 * Headers that calls to upstreams have from the request that a controller of code is handling, names and values in turn.
 * There are none while a route of the configuration is answered, whose headers are built in full.
 */
export const inheritedHeaders = new AsyncLocalStorage<readonly string[]>();

/**
 * @param raw names and values in turn, as received
 * @returns what makes calls part of the same request: its id, and its trace if that is valid
 */
export function headersToInherit(raw: readonly string[], requestId: string): string[] {
  const trace = raw.filter((_, i) => isTraceHeader((raw[i - (i % 2)] ?? '').toLowerCase()));
  return ['X-Request-Id', requestId, ...withValidTrace(trace)];
}

/** @returns the headers with those of `inherited` whose names they lack */
export function withInherited(headers: readonly string[] = [], inherited: readonly string[]): string[] {
  const names = new Set(headers.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase()));
  const added = inherited.filter((_, i) => !names.has((inherited[i - (i % 2)] ?? '').toLowerCase()));
  return [...headers, ...added];
}
