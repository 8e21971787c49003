import { randomFillSync } from 'node:crypto';
import type { Clock } from '../clock.js';

/** Version, trace, span, flags, and any parts that a later version adds. */
const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-[\x21-\x7e]*)?$/;
const LENGTH_OF_VERSION_00 = 55;
const SAMPLED = 1;
/** The id of the trace is random (W3C Trace Context level 2). It stays as the one who made the id has set it. */
const RANDOM_ID = 2;

/** Something that happened at one moment of a request. */
export interface TraceEvent {
  readonly name: string;
  /** Monotonic milliseconds. */
  readonly at: number;
  /** What belongs to that moment; what the whole request is searched by is an attribute of its span. */
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
}

/** What has happened in a request whose trace is recorded. */
export class TraceEvents {
  readonly list: TraceEvent[] = [];

  constructor(private readonly clock: Clock) {}

  add(name: string, attributes: TraceEvent['attributes'] = {}): void {
    this.list.push({ name, at: this.clock.now(), attributes });
  }
}

/** What a call is made for that its request does not wait for. */
export type BackgroundPurpose = 'mirror' | 'refresh';

/** The trace that a request belongs to, and its span in the gateway. */
export interface Trace {
  readonly traceId: string;
  readonly spanId: string;
  /** The span of the caller; `undefined` when the trace begins here. */
  readonly parentId: string | undefined;
  readonly isSampled: boolean;
  /** Of its span; `undefined` unless the trace is recorded. */
  readonly events: TraceEvents | undefined;
  /** Only of calls in the background. Their spans end on their own, perhaps after that of the request. */
  readonly purpose?: BackgroundPurpose;
  /** What upstreams get, unless they get that of a try. */
  readonly traceparent: string;
}

/** @returns whether a header, in lower case, belongs to W3C Trace Context */
export function isTraceHeader(name: string): boolean {
  return name === 'traceparent' || name === 'tracestate';
}

/**
 * @param headers names and values in turn
 * @returns the same if there is one valid `traceparent`; otherwise without the trace headers, so that the next service
 *   starts a trace of its own
 */
export function withValidTrace(headers: string[]): string[] {
  const parents = headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === 'traceparent');
  const [parent = ''] = parents;
  if (parents.length === 1 && parse(parent)) return headers;
  return headers.filter((_, i) => !isTraceHeader((headers[i - (i % 2)] ?? '').toLowerCase()));
}

/** @returns the id of the trace that a request belongs to; `undefined` without a valid `traceparent` */
export function traceIdOf(parent: string | readonly string[] | undefined): string | undefined {
  return typeof parent === 'string' ? parse(parent)?.[2] : undefined;
}

/**
 * Continues the trace of a caller, who has decided whether it is recorded. Without a valid one, it starts a trace. Services
 * behind the gateway are told as well that a trace is not recorded, because they would record it in parts otherwise.
 *
 * @param parent value of `traceparent`
 * @param sample share of the traces that are recorded, 0..1
 * @param clock of its events
 */
export function startTrace(
  parent: string | readonly string[] | undefined,
  sample: number,
  random: () => number,
  clock: Clock,
): Trace {
  const [, , traceId = newTraceId(), parentId, flags] = (typeof parent === 'string' && parse(parent)) || [];
  const parentFlags = flags === undefined ? undefined : Number.parseInt(flags, 16);
  const isSampled = parentFlags === undefined ? random() < sample : (parentFlags & SAMPLED) !== 0;
  const spanId = newSpanId();
  const ownFlags = ((parentFlags ?? RANDOM_ID) & RANDOM_ID) | (isSampled ? SAMPLED : 0);
  return {
    traceId,
    spanId,
    parentId,
    isSampled,
    events: isSampled ? new TraceEvents(clock) : undefined,
    traceparent: `00-${traceId}-${spanId}-0${ownFlags}`,
  };
}

/** @returns what a call is part of that goes on without its request; `undefined` unless the trace is recorded */
export function inBackground(trace: Trace | undefined, purpose: BackgroundPurpose): Trace | undefined {
  return trace?.isSampled ? { ...trace, events: undefined, purpose } : undefined;
}

/** @returns `traceparent` with another span of the same trace */
export function traceparentOf({ traceparent, traceId }: Trace, spanId: string): string {
  return `00-${traceId}-${spanId}${traceparent.slice(-3)}`;
}

export function newTraceId(): string {
  return randomHex(16);
}

export function newSpanId(): string {
  return randomHex(8);
}

function parse(parent: string): RegExpExecArray | undefined {
  const parts = TRACEPARENT.exec(parent);
  return parts && (parts[1] !== '00' || parent.length === LENGTH_OF_VERSION_00) ? parts : undefined;
}

/**
 * Random digits are made in advance: to fetch random bytes and to write them in hexadecimal for each id costs more than all
 * else that a trace does.
 */
const pool = Buffer.alloc(4096);
let digits = '';
let used = 0;

function randomHex(bytes: number): string {
  const length = 2 * bytes;
  if (used + length > digits.length) {
    digits = randomFillSync(pool).toString('hex');
    used = 0;
  }
  used += length;
  return digits.slice(used - length, used);
}
