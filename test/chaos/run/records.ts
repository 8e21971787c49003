import type { Flow, RequestRecord, Stall } from './types.js';

/** How a request ended for the client. */
export const OUTCOMES = ['proxied', 'cached', 'stale', 'fallback', 'rejected', 'failed', 'none'] as const;
export type ClientOutcome = (typeof OUTCOMES)[number];

export const OUTCOME_TITLES: Readonly<Record<ClientOutcome, string>> = {
  proxied: 'answered by the service',
  cached: 'answered from the cache',
  stale: 'stale copy in place of the service',
  fallback: 'fallback response',
  rejected: 'rejected with 503',
  failed: 'other error status',
  none: 'no whole response',
};

/**
 * Milliseconds within which a WebSocket of the scenario ends, unless it fails: three times 500 to think, and a second for its
 * handshake and its messages.
 */
const WEB_SOCKET = 2_500;

type Line = RequestRecord & { readonly id?: number; readonly begin?: true; readonly stall?: true };

/**
 * Reads what the Artillery processor wrote.
 *
 * @returns requests by the time they began; a WebSocket without an end has the error `ERR_NO_END`
 */
export function parseRecords(text: string): { requests: RequestRecord[]; stalls: Stall[] } {
  const lines = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
  const ended = new Set(lines.filter(({ id, begin }) => id !== undefined && !begin).map(({ id }) => id));
  const requests = lines.flatMap((line): RequestRecord[] => {
    if (line.stall) return [];
    if (!line.begin) return [line];
    const { flow, at } = line;
    return ended.has(line.id) ? [] : [{ flow, at, ms: WEB_SOCKET, error: 'ERR_NO_END' }];
  });
  const stalls = lines.filter(({ stall }) => stall).map(({ at, ms }) => ({ at, ms }));
  return { requests: requests.toSorted((a, b) => a.at - b.at), stalls };
}

export function outcomeOf({ status, fallback, cache, error }: RequestRecord): ClientOutcome {
  if (error !== undefined || status === undefined) return 'none';
  if (fallback !== undefined) return fallback === 'stale' ? 'stale' : 'fallback';
  if (status >= 400) return status === 503 ? 'rejected' : 'failed';
  return cache !== undefined && /; hit\b/.test(cache) ? 'cached' : 'proxied';
}

/** Whether the client got what the flow promises. */
export const isAnswered = (record: RequestRecord) =>
  !['rejected', 'failed', 'none'].includes(outcomeOf(record));

export const ofFlow = (requests: readonly RequestRecord[], ...flows: readonly Flow[]) =>
  requests.filter(({ flow }) => flows.includes(flow));
