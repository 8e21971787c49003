import { addMessage, emptyPicture } from '../../src/modules/admin/dashboard/picture.js';
import type {
  Picture,
  Report,
  RouteTraffic,
  TimelineEvent,
  Transition,
} from '../../src/modules/admin/dashboard/wire.js';

/** 2026-11-29T03:00:00Z. */
export const START = Date.UTC(2026, 10, 29, 3);

export const isoAt = (seconds: number) => new Date(START + seconds * 1_000).toISOString();

/** A report of an upstream that is well. */
export function report(id: string, changes: Partial<Report> = {}): Report {
  return {
    id,
    status: 'ok',
    breaker: { state: 'closed', mode: 'enforce', votes: { successes: 0, failures: 0 }, lastFailures: [] },
    bulkhead: { inFlight: 0, queued: 0, streams: 0 },
    targets: [{ name: '10.0.0.7:3001', state: 'available', inFlight: 0 }],
    callers: { requests: 0, errors: 0, rejected: 0, overloaded: 0, fallbacks: 0, stale: 0, cached: 0 },
    ...changes,
  };
}

export const refused = (seconds: number): Report['breaker']['lastFailures'][number] => ({
  outcome: 'connect_failed',
  detail: 'ECONNREFUSED',
  target: '10.0.0.7:3001',
  at: isoAt(seconds),
});

/** An upstream whose breaker opened after five failures in a row, at the first second. */
export function openReport(id: string, changes: Partial<Report> = {}): Report {
  const { breaker } = report(id);
  const lastFailures = Array.from({ length: 5 }, () => refused(0));
  const state = { state: 'open', since: isoAt(0), reason: 'consecutive-failures', retryAfter: 12 } as const;
  return report(id, { status: 'down', breaker: { ...breaker, ...state, lastFailures }, ...changes });
}

let ids = 0;

export function transition(seconds: number, upstream: string, changes: Partial<Transition>): Transition {
  return {
    kind: 'transition',
    id: `test.${++ids}`,
    at: isoAt(seconds),
    upstream,
    from: 'closed',
    to: 'open',
    reason: 'consecutive-failures',
    votes: { successes: 0, failures: 5 },
    failures: Array.from({ length: 5 }, () => refused(seconds)),
    ...changes,
  };
}

export function pictureOf(
  upstreams: readonly Report[],
  events: readonly TimelineEvent[] = [],
  routes: readonly RouteTraffic[] = [],
): Picture {
  const picture = emptyPicture();
  const gateway = {
    phase: 'serving',
    revision: 1,
    hash: 'a1',
    restartFor: [],
    replicas: 0,
    logLevel: { level: 'info' },
    overloads: [],
    faults: [],
  };
  for (const event of events) addMessage(picture, { name: event.kind, id: event.id, data: event }, START);
  const topRoutes = { seconds: 60, routes };
  const data = { at: isoAt(0), gateway, upstreams, topRoutes, providers: [], timeline: [] };
  addMessage(picture, { name: 'overview', data }, START);
  return picture;
}
