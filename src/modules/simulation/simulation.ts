import { SetClock } from '../../common/set-clock.js';
import type { GatewayConfig, UpstreamConfig } from '../config/gateway-config.js';
import { type Candidate, candidatesOf, written } from './candidates.js';
import { CallReader, type LoggedCall } from './logged-call.js';
import { type Opening, Replay } from './replay.js';

/** What a breaker would have done in all. */
export interface Result {
  readonly thresholds: string;
  readonly opened: number;
  readonly openMs: number;
  /** Failing calls that it would have rejected, and their tries. */
  readonly saved: number;
  readonly savedTries: number;
  /** Good calls that it would have rejected. */
  readonly refused: number;
}

export interface BetterResult extends Result {
  /** Compared with the configured thresholds: `saves 230 failing calls more` */
  readonly explanation: string;
}

export interface UpstreamReport {
  readonly upstream: string;
  readonly calls: number;
  readonly failed: number;
  /** Calls that the gateway had rejected when the log was written. They say nothing of the upstream. */
  readonly rejected: number;
  /** Calls that needed more than one try. */
  readonly retried: number;
  readonly severalTargets: boolean;
  readonly configured: Result;
  /** At most a thousand of them. */
  readonly openings: readonly Opening[];
  readonly candidates: number;
  /** The best first; only those that save more than they refuse in addition. */
  readonly better: readonly BetterResult[];
  /** Calls in each of at most 240 spans of time. */
  readonly spans: readonly Span[];
}

export interface Span {
  /** Milliseconds since the epoch. */
  readonly from: number;
  good: number;
  failed: number;
}

export interface SimulationReport {
  readonly from: number;
  readonly to: number;
  /** Lines that are no calls to upstreams of the configuration. */
  readonly skipped: number;
  /** Lines that are more than ten seconds older than one before them. */
  readonly late: number;
  /** Calls to upstreams that the configuration does not have. */
  readonly unknown: Readonly<Record<string, number>>;
  readonly upstreams: readonly UpstreamReport[];
}

const SHOWN_CANDIDATES = 5;
const MOST_SPANS = 240;
const LATE_MS = 10_000;

/** Replays calls through breakers with the thresholds of a configuration, and with others near them. */
export class Simulation {
  private readonly clock = new SetClock();
  private readonly reader: CallReader;
  private readonly upstreams = new Map<string, UpstreamSimulation>();
  private readonly unknown = new Map<string, number>();
  private from = Number.NaN;
  private skipped = 0;
  private late = 0;

  constructor(private readonly config: GatewayConfig) {
    this.reader = new CallReader(config);
  }

  /** @param line of an access log, in the order in which they were written */
  take(line: string): void {
    const call = this.reader.read(line);
    if (!call) {
      if (line.trim() !== '') this.skipped++;
      return;
    }
    const config = this.config.upstreams[call.upstream];
    if (!config) {
      this.unknown.set(call.upstream, (this.unknown.get(call.upstream) ?? 0) + 1);
      return;
    }
    if (call.endedAt < this.clock.now() - LATE_MS) this.late++;
    // Breakers that do not exist yet have no timers.
    this.clock.advanceTo(call.endedAt);
    if (Number.isNaN(this.from)) this.from = call.endedAt;
    let upstream = this.upstreams.get(call.upstream);
    if (!upstream) {
      upstream = new UpstreamSimulation(call.upstream, config, this.clock);
      this.upstreams.set(call.upstream, upstream);
    }
    upstream.take(call);
  }

  report(): SimulationReport {
    return {
      from: this.from,
      to: this.clock.now(),
      skipped: this.skipped,
      late: this.late,
      unknown: Object.fromEntries(this.unknown),
      upstreams: [...this.upstreams.values()].map((each) => each.report()),
    };
  }
}

class UpstreamSimulation {
  private readonly configured: Replay;
  private readonly candidates: readonly (Candidate & { readonly replay: Replay })[];
  private calls = 0;
  private failed = 0;
  private rejected = 0;
  private retried = 0;
  private spans: Span[] = [];
  private spanMs = 1_000;

  constructor(
    private readonly id: string,
    private readonly config: UpstreamConfig,
    private readonly clock: SetClock,
  ) {
    this.configured = new Replay(id, config.breaker, clock);
    this.candidates = candidatesOf(config.breaker).map((each) => ({
      ...each,
      replay: new Replay(id, each.config, clock),
    }));
  }

  take(call: LoggedCall): void {
    if (call.vote === 'none') {
      this.rejected++;
      return;
    }
    this.calls++;
    if (call.vote === 'failure') this.failed++;
    if (call.tries > 1) this.retried++;
    this.count(call);
    this.configured.take(call);
    for (const { replay } of this.candidates) replay.take(call);
  }

  report(): UpstreamReport {
    const { configured } = this;
    const better = this.candidates
      .map(({ change, replay }) => ({ change, replay, gain: gainOf(replay) - gainOf(configured) }))
      .filter(({ gain }) => gain > 0)
      .toSorted((a, b) => b.gain - a.gain || a.replay.refused - b.replay.refused)
      // Of those that come to the same, the first changes least.
      .filter((each, i, all) => !all.slice(0, i).some((other) => isSame(each.replay, other.replay)))
      .slice(0, SHOWN_CANDIDATES);
    return {
      upstream: this.id,
      calls: this.calls,
      failed: this.failed,
      rejected: this.rejected,
      retried: this.retried,
      severalTargets: this.config.targets.length > 1,
      configured: resultOf(written(this.config.breaker), configured),
      openings: configured.openings,
      candidates: this.candidates.length,
      better: better.map(({ change, replay }) => ({
        ...resultOf(change, replay),
        explanation: explain(replay, configured),
      })),
      spans: this.spans,
    };
  }

  /** Doubles the spans when there are too many, so that any length of time takes the same memory. */
  private count({ vote }: LoggedCall): void {
    const from = () => Math.floor(this.clock.now() / this.spanMs) * this.spanMs;
    let last = this.spans.at(-1);
    if (last?.from !== from()) this.spans.push((last = { from: from(), good: 0, failed: 0 }));
    if (vote === 'failure') last.failed++;
    else last.good++;
    while (this.spans.length > MOST_SPANS) this.widen();
  }

  private widen(): void {
    this.spanMs *= 2;
    const wider: Span[] = [];
    for (const { from, good, failed } of this.spans) {
      const start = Math.floor(from / this.spanMs) * this.spanMs;
      const last = wider.at(-1);
      if (last?.from === start) {
        last.good += good;
        last.failed += failed;
      } else wider.push({ from: start, good, failed });
    }
    this.spans = wider;
  }
}

/** A failing call that is saved is worth as much as a good one that is refused. */
function gainOf({ saved, refused }: Replay): number {
  return saved - refused;
}

function isSame(a: Replay, b: Replay): boolean {
  return a.saved === b.saved && a.refused === b.refused && a.opened === b.opened;
}

function resultOf(thresholds: string, { opened, openFor, saved, savedTries, refused }: Replay): Result {
  return { thresholds, opened, openMs: openFor, saved, savedTries, refused };
}

function explain(replay: Replay, configured: Replay): string {
  const opening = replay.openings[0]?.at;
  const other = configured.openings[0]?.at;
  const earlier = opening !== undefined && other !== undefined ? (other - opening) / 1_000 : 0;
  const parts = [
    opening === undefined ? 'never opens' : '',
    opening !== undefined && other === undefined ? `opens ${times(replay.opened)}` : '',
    earlier === 0 ? '' : `opens ${seconds(Math.abs(earlier))} ${earlier > 0 ? 'earlier' : 'later'}`,
    compared('saves', 'failing call', replay.saved - configured.saved),
    compared('refuses', 'good call', replay.refused - configured.refused),
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function compared(verb: string, noun: string, difference: number): string {
  if (difference === 0) return '';
  const n = Math.abs(difference);
  return `${verb} ${n} ${noun}${n === 1 ? '' : 's'} ${difference > 0 ? 'more' : 'fewer'}`;
}

function times(n: number): string {
  return n === 1 ? 'once' : `${n} times`;
}

function seconds(n: number): string {
  return `${Number(n.toFixed(1))} s`;
}
