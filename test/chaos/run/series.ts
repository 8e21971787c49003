import { isAnswered, OUTCOMES, type ClientOutcome, outcomeOf } from './records.js';
import type { Recording } from './recording.js';
import { quantile } from './statistics.js';
import { type Flow, FLOWS, type RequestRecord, SERVICE_OF, SERVICES, type Service } from './types.js';

/** Bars that a chart shows at most. */
const MOST_BINS = 240;

export interface LatencyPoint {
  /** Milliseconds; missing when nothing was answered in this time. */
  readonly p50?: number;
  readonly p99?: number;
}

/** What happened in each of many equal times from the start of the measurement on. */
export interface Series {
  /** Milliseconds. */
  readonly binMs: number;
  readonly bins: number;
  /** Requests of each flow that began in a bin, by outcome. */
  readonly outcomes: Readonly<Record<Flow, readonly Readonly<Record<ClientOutcome, number>>[]>>;
  /** Latencies of what a service itself answered, as clients saw them. */
  readonly latencies: Readonly<Record<Service, readonly LatencyPoint[]>>;
}

export function seriesOf({ requests, measured }: Recording): Series {
  const binMs = Math.ceil((measured.to - measured.from) / MOST_BINS / 1000) * 1000;
  const bins = Math.ceil((measured.to - measured.from) / binMs);
  const binned = (records: readonly RequestRecord[]) => {
    const groups = Array.from({ length: bins }, (): RequestRecord[] => []);
    for (const record of records) groups[Math.floor((record.at - measured.from) / binMs)]?.push(record);
    return groups;
  };
  const answered = requests.filter(isTimed);
  const mapped = <K extends string, V>(keys: readonly K[], value: (key: K) => V) =>
    Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<K, V>; // Each key has a value.
  return {
    binMs,
    bins,
    outcomes: mapped(FLOWS, (flow) =>
      binned(requests.filter((each) => each.flow === flow)).map(countOutcomes),
    ),
    latencies: mapped(SERVICES, (service) =>
      binned(answered.filter(({ flow }) => SERVICE_OF[flow] === service)).map(latencyOf),
    ),
  };
}

/** A WebSocket lasts as long as its user wants. */
const isTimed = (record: RequestRecord) =>
  record.flow !== 'websocket' && isAnswered(record) && outcomeOf(record) === 'proxied';

function countOutcomes(records: readonly RequestRecord[]): Record<ClientOutcome, number> {
  const counts = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<ClientOutcome, number>;
  for (const record of records) counts[outcomeOf(record)]++;
  return counts;
}

function latencyOf(records: readonly RequestRecord[]): LatencyPoint {
  if (records.length === 0) return {};
  const values = records.map(({ ms }) => ms);
  return { p50: quantile(values, 0.5), p99: quantile(values, 0.99) };
}
