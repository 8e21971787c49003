import { OUTCOMES, type Outcome, type Vote } from '../../common/errors/outcomes.js';
import type { GatewayConfig } from '../config/gateway-config.js';

/** What a line of the access log tells of the call of a request to its upstream. */
export interface LoggedCall {
  readonly upstream: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** `none` when the gateway rejected the call by itself. */
  readonly vote: Vote;
  readonly outcome: Outcome;
  readonly detail: string;
  readonly tries: number;
}

/** Fields of a line that are read here. Any of them may be missing or be something else. */
interface Line {
  readonly context?: unknown;
  readonly time?: unknown;
  readonly upstream?: unknown;
  readonly outcome?: unknown;
  readonly status?: unknown;
  readonly cause?: unknown;
  readonly fallback?: unknown;
  readonly tries?: unknown;
  readonly upstreamMs?: unknown;
}

/** Reads lines of the access log as calls to the upstreams of a configuration. */
export class CallReader {
  constructor(private readonly config: GatewayConfig) {}

  /** @returns `undefined` for a line that is none of a request that called an upstream */
  read(text: string): LoggedCall | undefined {
    const line = parse(text);
    if (line?.context !== 'Access') return undefined;
    const { upstream, outcome, tries, cause, upstreamMs } = line;
    const endedAt = Date.parse(String(line.time));
    if (!isOutcome(outcome) || typeof tries !== 'number' || Number.isNaN(endedAt)) return undefined;
    if (typeof upstream !== 'string' || (tries === 0 && outcome !== 'breaker_open')) return undefined;
    return {
      upstream,
      startedAt: endedAt - (typeof upstreamMs === 'number' ? upstreamMs : 0),
      endedAt,
      vote: this.voteOf(line, outcome, upstream),
      outcome,
      detail: typeof cause === 'string' ? cause : String(line.status),
      tries,
    };
  }

  private voteOf({ fallback, status }: Line, outcome: Outcome, upstream: string): Vote {
    const statuses = this.config.upstreams[upstream]?.breaker.failureStatuses;
    const isByStatus = outcome === 'success' || outcome === 'upstream_status';
    // `failureStatuses` may be others than when the line was written. A fallback has a status of its own.
    if (!statuses || !isByStatus || fallback !== undefined || typeof status !== 'number')
      return OUTCOMES[outcome].vote;
    return statuses.includes(status) ? 'failure' : 'success';
  }
}

function isOutcome(name: unknown): name is Outcome {
  return typeof name === 'string' && Object.hasOwn(OUTCOMES, name);
}

function parse(text: string): Line | undefined {
  // Container runtimes write a time stamp and the name of the stream before it.
  const start = text.indexOf('{');
  // Most other lines are left without the cost of parsing them.
  if (start === -1 || !text.includes('"Access"')) return undefined;
  try {
    return JSON.parse(start === 0 ? text : text.slice(start)) as Line;
  } catch {
    return undefined;
  }
}
