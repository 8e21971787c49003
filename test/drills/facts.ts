import type { Arrival, ClientRecord, FaultRecord, Recording } from './recording.js';
import { limitsOf, type ServicePlan } from './scenario.js';
import { isOfTarget } from './targets.js';

/** For so long the bulkhead stays narrow after the breaker has closed. */
const RAMP_MS = 3_000;
/** Milliseconds around a fault in which its effects on a call may be seen. */
const BEFORE_FAULT = 300;
const AFTER_FAULT = 1_000;
/** Share of the deadline after which a healthy target counts as late, since the rest may be the machine's. */
const LATE = 0.4;
/** A request whose client has left keeps its place until the gateway has noticed. */
const LEAVING_MS = 1_000;

export type Interval = Pick<FaultRecord, 'from' | 'to'>;

/** A recording, with what follows from it for one service. */
export class ServiceFacts {
  readonly id: string;
  readonly limits: ReturnType<typeof limitsOf>;
  readonly requests: readonly ClientRecord[];
  readonly arrivals: readonly Arrival[];
  readonly pauses: readonly Interval[];
  /** For each target the times in which it may have failed. */
  readonly bad: readonly (readonly Interval[])[];
  private readonly arrivalsById: ReadonlyMap<string, Arrival[]>;

  constructor(
    readonly recording: Recording,
    readonly plan: ServicePlan,
  ) {
    this.id = plan.id;
    this.limits = limitsOf(plan);
    this.requests = recording.requests.filter(({ service }) => service === plan.id);
    this.arrivals = recording.arrivals.filter(({ service }) => service === plan.id);
    // A fallback upstream gets requests of other services too.
    this.arrivalsById = Map.groupBy(recording.arrivals, ({ id }) => id);
    this.pauses = recording.faults.filter(({ fault }) => fault.kind === 'pause');
    this.bad = Array.from({ length: plan.targets }, (_, target) => this.badTimes(target));
  }

  arrivalsOf({ id }: ClientRecord): readonly Arrival[] {
    return this.arrivalsById.get(id) ?? [];
  }

  /** @returns whether all targets were well in the interval, and whatever happened before it is over for the breaker */
  isCalmDuring(interval: Interval): boolean {
    const { recording, id } = this;
    const last = recording.transitions.findLast(({ service, at }) => service === id && at <= interval.to);
    const isSettled = !last || (last.to === 'closed' && last.at + RAMP_MS <= interval.from);
    return isSettled && this.bad.every((_, target) => this.isWellDuring(target, interval));
  }

  /** @returns whether the service may really have failed this request */
  mayHaveFailed(request: ClientRecord): boolean {
    const life = lifeOf(request);
    if (this.bad.some((times) => times.some((each) => overlap(each, life)))) return true;
    const { timeout } = this.limits;
    return this.arrivalsOf(request).some(({ status, at, headAt = Infinity, end }) => {
      return (status ?? 0) >= 500 || end === 'reset' || end === 'cut' || headAt - at > timeout * LATE;
    });
  }

  /** @returns targets that were well in the interval and gave a complete response in it */
  successesOfWellTargets(interval: Interval): number {
    return this.arrivals.filter(
      ({ target, status, end, endAt = Infinity }) =>
        status === 200 &&
        end === 'whole' &&
        endAt >= interval.from &&
        endAt <= interval.to &&
        this.isWellDuring(target, interval),
    ).length;
  }

  /** @returns how many targets were well in the interval, beside others that were not */
  wellTargetsDuring(interval: Interval): number {
    const well = this.bad.filter((_, target) => this.isWellDuring(target, interval)).length;
    return well < this.bad.length ? well : 0;
  }

  isWellDuring(target: number, interval: Interval): boolean {
    return !this.bad[target]?.some((each) => overlap(each, interval));
  }

  isDuringPause(request: ClientRecord): boolean {
    return this.pauses.some((each) => overlap(each, lifeOf(request)));
  }

  /** @returns whether the limits had room for the request all its life, with a tenth to spare */
  isWithinCapacity(request: ClientRecord): boolean {
    const life = lifeOf(request);
    const instants = [life.from, ...this.requests.map(({ sentAt }) => sentAt)].filter(
      (at) => at >= life.from && at <= life.to,
    );
    const { concurrent, streams } = this.limits;
    return instants.every((at) => this.waitingAt(at) <= concurrent * 0.9 && this.openAt(at) <= streams * 0.9);
  }

  /** @returns how many calls wait for their head; requests for the same stored resource share one */
  private waitingAt(at: number): number {
    const waiting = this.requests.filter(({ sentAt, headAt, endAt = Infinity, end }) => {
      return sentAt <= at && at <= (headAt ?? endAt + (end === 'left' ? LEAVING_MS : 0));
    });
    return new Set(waiting.map((each) => (isStored(each) ? resourceOf(each) : each.id))).size;
  }

  /** @returns how many streams are taken: each by a response with a head and no end, or by a request that is going to be one */
  private openAt(at: number): number {
    return this.requests.filter(({ kind, sentAt, headAt = Infinity, endAt = Infinity }) => {
      const from = kind === 'socket' || kind === 'stream' ? sentAt : headAt;
      return from <= at && at <= endAt;
    }).length;
  }

  private badTimes(target: number): Interval[] {
    const { faults, stalls } = this.recording;
    const ofFaults = faults
      .filter(({ fault }) => isOfTarget(fault) && fault.service === this.id && fault.target === target)
      .map(({ from, to }) => ({ from: from - BEFORE_FAULT, to: to + AFTER_FAULT }));
    const ofStalls = stalls.filter(({ of, from, to }) => {
      return of === `${this.id}/${target}` && to - from > this.limits.timeout * LATE;
    });
    return [...ofFaults, ...ofStalls];
  }
}

export function isStored({ kind }: Pick<ClientRecord, 'kind'>): boolean {
  return kind === 'cached' || kind === 'mine' || kind === 'mixed';
}

/** @returns what one stored response answers */
export function resourceOf({ key, user }: Pick<ClientRecord, 'key' | 'user'>): string {
  return `${key} ${user ?? ''}`;
}

export function lifeOf({ sentAt, endAt }: ClientRecord): Interval {
  return { from: sentAt, to: endAt ?? Infinity };
}

export function overlap(a: Interval, b: Interval): boolean {
  return a.from <= b.to && b.from <= a.to;
}

/** @returns the first request as an example, and how many there are */
export function first(requests: readonly ClientRecord[], of = requests.length): string | undefined {
  return requests.length === 0 ? undefined : `${of} such as ${JSON.stringify(requests[0])}`;
}
