import { cpus, release, totalmem, type as osType } from 'node:os';
import type { InjectedFault } from './fault-injector.js';
import { judge, type Objective, usersLimit } from './objectives.js';
import { outagesOf } from './outages.js';
import { type ClientOutcome, OUTCOMES, outcomeOf } from './records.js';
import type { Recording } from './recording.js';
import { type Series, seriesOf } from './series.js';
import { intervalOf, merged } from './timing.js';
import { type BreakerBand, breakerBands } from './transitions.js';
import type { ChaosOptions, Footprint, GatewaySample, Interval } from './types.js';

/** What report.json holds, and report.html shows. Times are milliseconds since 1970. */
export interface Report {
  readonly hasHeld: boolean;
  readonly objectives: readonly Objective[];
  readonly options: Omit<ChaosOptions, 'folder'>;
  /** Repeats the run. */
  readonly command: string;
  readonly measured: Interval;
  readonly machine: string;
  /** Milliseconds; NaN, or null in JSON, without a request before the first fault. */
  readonly usersLimit: number;
  readonly totals: Readonly<Record<ClientOutcome, number>>;
  readonly faults: readonly FaultReport[];
  readonly breakers: readonly BreakerBand[];
  readonly series: Series;
  readonly samples: readonly GatewaySample[];
  readonly footprint: { readonly before: Footprint; readonly after: Footprint };
  /** When a process was ready to run and had no CPU for long, for the charts. */
  readonly stalls: readonly Interval[];
}

/** Milliseconds of the shortest stall that a report shows. */
const SHOWN = 20;

export interface FaultReport extends InjectedFault {
  /** Milliseconds from its begin until the breaker opened, if it did. */
  readonly openedAfter?: number;
  readonly cause?: string;
  /** Milliseconds from the return of the service until its breaker was closed; missing for Redis. */
  readonly recoveredAfter?: number;
}

/** @param command that repeats the run */
export function reportOf(recording: Recording, command: string): Report {
  const { options, measured, transitions, samples, footprint, stalls } = recording;
  const { folder: _, ...rest } = options;
  const objectives = judge(recording);
  const totals = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0])) as Record<ClientOutcome, number>;
  for (const record of recording.requests) if (record.at >= measured.from) totals[outcomeOf(record)]++;
  return {
    hasHeld: objectives.every(({ status }) => status === 'held'),
    objectives,
    options: rest,
    command,
    measured,
    machine: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 1024 ** 3)} GiB, ${osType()} ${release()}, Node ${process.version}`,
    usersLimit: usersLimit(recording),
    totals,
    faults: faultReports(recording),
    breakers: breakerBands(transitions, measured.to).filter(({ from }) => from >= measured.from),
    series: seriesOf(recording),
    samples,
    footprint,
    stalls: merged(stalls.filter(({ at }) => at >= measured.from).map(intervalOf)).filter(
      ({ from, to }) => to - from >= SHOWN,
    ),
  };
}

function faultReports({ faults, transitions, measured }: Recording): FaultReport[] {
  const outages = outagesOf(faults, transitions, measured.to);
  return faults.map((fault) => {
    const outage = outages.find(({ service, from }) => service === fault.target && from === fault.from);
    if (!outage) return fault;
    const opening = transitions.find(
      ({ upstream, to, at }) =>
        upstream === fault.target && to === 'open' && at >= outage.from && at <= outage.to,
    );
    return {
      ...fault,
      ...(opening ? { openedAfter: opening.at - fault.from, cause: opening.cause ?? opening.reason } : {}),
      recoveredAfter: outage.to - outage.backAt,
    };
  });
}
