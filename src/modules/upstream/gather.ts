import { type Clock, systemClock } from '../../common/clock.js';
import { toSignal } from '../../common/cancellation.js';
import { ProblemError } from '../../common/errors/problem.js';
import { type Inherited, inherited } from '../../common/http/inherited.js';
import { Deadline } from '../../common/resilience/deadline.js';

/** @param signal aborts when the result is not wanted any more: after the deadline, or when another part has failed */
type PartCall<T> = (signal: AbortSignal) => Promise<T>;

/** Without functions, so that the parameter of a fallback has a type. */
type Value = object | string | number | boolean | null | undefined;

/** A part that may be missing. */
export interface OptionalPart {
  readonly run: PartCall<unknown>;
  /** What takes its place when it fails: a value, or a function of the error, which may throw it again. */
  readonly fallback: Value | ((error: unknown) => unknown);
}

/** A call that has to succeed, or one with a fallback. */
export type Part = PartCall<unknown> | OptionalPart;

type Fallback<F> = F extends (error: unknown) => infer R ? Awaited<R> : F;

type Result<P> = P extends { run: PartCall<infer T>; fallback: infer F }
  ? T | Fallback<F>
  : P extends PartCall<infer T>
    ? T
    : never;

export interface GatherOptions {
  /** Milliseconds for all parts together. Default: what the `timeout` of `@GatewayRoute()` leaves, if it has one. */
  readonly timeout?: number;
}

/** Milliseconds. A call that fails by the same deadline says which upstream it was. */
const GRACE = 25;
/** Milliseconds. A part that took all the time still gets its fallback. */
const GRACE_OF_FALLBACK = 100;

/**
 * Runs calls at the same time, under one deadline, and gives what each of them brings:
 *
 *     const { user, orders } = await gather({
 *       user: () => this.users.get('/users/1'),
 *       orders: { run: () => this.orders.list(), fallback: null },
 *     });
 *
 * When a fallback takes the place of a part, the answer to the client has the header `Breakwater-Partial` with its name, and is
 * not stored by the cache of the handler.
 *
 * A function as a fallback has what is left of the time, and 100 ms at least.
 *
 * @throws what the first part without a fallback throws
 */
export async function gather<P extends Readonly<Record<string, Part>>>(
  parts: P,
  { timeout }: GatherOptions = {},
  clock: Clock = systemClock,
): Promise<{ [K in keyof P]: Result<P[K]> }> {
  const context = inherited.getStore();
  const { results, missing } = await gatherParts(parts, context, timeout, clock);
  if (context && missing.length > 0) tell(context, missing);
  // Each entry has the result of its part.
  return Object.fromEntries(results) as { [K in keyof P]: Result<P[K]> };
}

export interface Gathered {
  /** In the order of the parts. */
  readonly results: readonly (readonly [name: string, value: unknown])[];
  /** The parts that a fallback stands for. */
  readonly missing: readonly string[];
}

/**
 * Does the work of `gather`.
 *
 * @param context what the calls inherit
 * @param timeout milliseconds; default: what the context leaves
 * @throws what the first part without a fallback throws
 */
export async function gatherParts(
  parts: Readonly<Record<string, Part>>,
  context: Inherited | undefined,
  timeout: number | undefined,
  clock: Clock,
): Promise<Gathered> {
  let deadline = context?.deadline;
  if (timeout !== undefined) {
    deadline = Deadline.within(clock, timeout, deadline);
    deadline.start();
  }
  const ended = new AbortController();
  const signals = [ended.signal, ...(context?.gone ? [toSignal(context.gone)] : [])];
  const missing: string[] = [];
  const scope: Scope = { deadline, signal: AbortSignal.any(signals), missing };
  const run = () => Promise.all(Object.entries(parts).map(([name, part]) => result(name, part, scope)));
  try {
    const calls = context ?? { headers: [], tries: [], trace: undefined };
    return { results: await (deadline ? inherited.run({ ...calls, deadline }, run) : run()), missing };
  } finally {
    ended.abort();
  }
}

interface Scope {
  readonly deadline: Deadline | undefined;
  readonly signal: AbortSignal;
  readonly missing: string[];
}

async function result(name: string, part: Part, scope: Scope): Promise<[string, unknown]> {
  const what = `part ${name}`;
  if (typeof part === 'function') return [name, await inTime(what, part, scope, GRACE)];
  try {
    return [name, await inTime(what, part.run, scope, GRACE)];
  } catch (error) {
    const { fallback } = part;
    const instead: unknown =
      typeof fallback === 'function'
        ? await inTime(`fallback of the ${what}`, async () => fallback(error), scope, GRACE_OF_FALLBACK)
        : fallback;
    scope.missing.push(name);
    return [name, instead];
  }
}

/**
 * Calls to upstreams end by themselves; the rest of a part, such as reading a body, may not.
 *
 * @param grace milliseconds after the deadline
 */
async function inTime(
  what: string,
  call: PartCall<unknown>,
  { deadline, signal }: Scope,
  grace: number,
): Promise<unknown> {
  if (!deadline) return call(signal);
  const late = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.abort();
    reject(new ProblemError('upstream_timeout', { detail: `The ${what} did not end in time.` }));
  }, deadline.remaining() + grace);
  try {
    return await Promise.race([call(AbortSignal.any([signal, late.signal])), promise]);
  } finally {
    clearTimeout(timer);
  }
}

function tell(context: Inherited, missing: readonly string[]): void {
  context.isPartial = true;
  const { res } = context;
  if (!res || res.headersSent) return;
  const before = res.getHeader('Breakwater-Partial');
  const names = partialField(missing);
  res.setHeader('Breakwater-Partial', before === undefined ? names : `${String(before)}, ${names}`);
}

/** @returns the value of `Breakwater-Partial`: a list of tokens or strings (RFC 9651) */
export function partialField(missing: readonly string[]): string {
  return missing
    .map((name) => (/^[A-Za-z][\w.-]*$/.test(name) ? name : `"${encodeURIComponent(name)}"`))
    .join(', ');
}
