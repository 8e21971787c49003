// @ts-check
import { currentOutage } from './outages.js';
import { adviceFor, failuresWords } from './failure-words.js';
import { clockTime, count, duration, rate, share, visible, whole } from './format.js';
import { totals } from './picture.js';

/** @import { Counts, Gateway, Operator, Picture, Report, TimelineEvent, Transition } from './wire.js' */

export const STATUS = Object.freeze({ ok: 'OK', degraded: 'Degraded', down: 'Down' });

/**
 * What somebody on call has to know of an upstream that is not well.
 *
 * @typedef {object} Incident
 * @property {string} what
 * @property {number | undefined} since milliseconds since the epoch
 * @property {string[]} why
 * @property {string[]} callers
 * @property {string} next
 * @property {string | undefined} advice
 */

/**
 * @param {Picture} picture
 * @param {Report} report
 * @param {number} now milliseconds since the epoch, by the clock of the gateway
 * @returns {Incident}
 */
export function incidentOf(picture, report, now) {
  const { breaker } = report;
  const outage = currentOutage(picture.events, report.id);
  const began = breaker.since === undefined ? undefined : Date.parse(breaker.since);
  const isTripped = breaker.state !== 'closed';
  return {
    what: whatIsWrong(report),
    since: isTripped ? (outage?.from ?? began) : troubledSince(picture, report),
    why: whyWrong(picture, report, outage),
    callers: callersGet(report),
    next: whatIsNext(report, now - picture.at),
    advice: breaker.isolatedFor === undefined ? adviceFor(recentFailure(report, now)) : undefined,
  };
}

/**
 * Since when the bulkhead is full, or a target is away; nobody writes down when errors began.
 *
 * @type {(picture: Picture, report: Report) => number | undefined}
 */
function troubledSince({ events }, { id, callers, targets }) {
  /** @type {(string | undefined)[]} */
  const began = targets.flatMap(({ name, state }) =>
    state === 'available'
      ? []
      : [
          events.findLast((each) => each.kind === 'target' && each.upstream === id && each.target === name)
            ?.at,
        ],
  );
  if (callers.overloaded > 0)
    began.push(events.findLast((each) => each.kind === 'overload' && each.upstream === id)?.at);
  const times = began.flatMap((at) => (at === undefined ? [] : [Date.parse(at)]));
  return times.length > 0 ? Math.min(...times) : undefined;
}

/** @param {Report} report */
function whatIsWrong({ breaker, targets, callers }) {
  if (breaker.isolatedFor !== undefined) return 'Isolated by an operator';
  const shadow = breaker.mode === 'shadow' ? ' (shadow mode: calls still pass)' : '';
  if (breaker.state === 'open') return `Breaker open${shadow}`;
  if (breaker.state === 'half-open') return `Breaker half-open${shadow}`;
  const gone = targets.filter(({ state }) => state !== 'available').length;
  if (gone === targets.length) return 'No target is available';
  if (gone > 0) return `${gone} of ${count(targets.length, 'target')} not available`;
  return callers.overloaded > 0 ? 'Bulkhead full' : 'Some callers get errors';
}

/**
 * @param {Picture} picture
 * @param {Report} report
 * @param {ReturnType<typeof currentOutage>} outage
 */
function whyWrong({ events }, report, outage) {
  const { breaker, targets, callers, id } = report;
  const { reason = 'manual', votes, lastFailures } = breaker;
  const why = [];
  const action = events.findLast((each) => each.kind === 'action' && each.upstream === id);
  if (breaker.isolatedFor !== undefined && action?.kind === 'action') why.push(actionWords(action));
  else if (breaker.state !== 'closed') {
    why.push(openedWords(outage?.cause ?? { reason, votes, failures: lastFailures }));
    if (outage && outage.trials > 0)
      why.push(
        `${count(outage.trials, 'trial')} failed since then, the last with: ${failuresWords(lastFailures.slice(-1))}.`,
      );
  }
  for (const { name, state } of targets.slice(0, 5)) {
    if (state === 'ejected') why.push(`${visible(name)} is ejected, because its calls failed.`);
    if (state === 'unhealthy') why.push(`${visible(name)} is unhealthy: its health probes fail.`);
  }
  if (callers.overloaded > 0)
    why.push(`The bulkhead is full: ${count(callers.overloaded, 'call')} rejected in 10 s.`);
  if (why.length === 0 && breaker.lastFailures.length > 0)
    why.push(`Latest failures: ${failuresWords(breaker.lastFailures)}.`);
  return why.length > 0 ? why : ['The upstream answered with errors.'];
}

/** @param {Pick<Transition, 'reason' | 'votes' | 'failures'>} transition to open */
export function openedWords({ reason, votes, failures }) {
  const all = votes.successes + votes.failures;
  const what = failures.length > 0 ? `: ${failuresWords(failures)}` : '';
  switch (reason) {
    case 'consecutive-failures':
      return votes.successes === 0
        ? `${capital(count(votes.failures, 'call'))} in a row failed${what}.`
        : `Calls failed in a row (${whole(votes.failures)} of the last ${whole(all)})${what}.`;
    case 'error-rate':
      return `${whole(votes.failures)} of ${count(all, 'call')} failed (${share(votes.failures, all)})${what}.`;
    case 'health':
      return `Health probes failed${what}.`;
    case 'trial-failed':
      return `A trial call failed${failures.length > 0 ? `: ${failuresWords(failures.slice(-1))}` : ''}.`;
    case 'replicas':
      return `Other replicas of the gateway opened their breakers${what}.`;
    case 'manual':
      return 'An operator opened it.';
    default:
      return `It opened before the history that is kept${what}.`;
  }
}

/** @param {Report} report */
export function callersGet({ callers, fallback, breaker, sinceTransition: since }) {
  const { requests, errors, rejected, fallbacks, stale, cached, overloaded } = callers;
  const replaced = fallbackWords(fallback);
  // Stale copies are counted by themselves.
  const fallbackOnly = fallbackWords(fallback && { ...fallback, stale: false });
  if (requests === 0) {
    if (breaker.state === 'closed' || breaker.mode === 'shadow') return ['No requests in the last 10 s.'];
    return [`No requests in the last 10 s. Callers would get ${replaced ?? 'status 503'}.`];
  }
  const of = `of ${count(requests, 'request')}`;
  const cause = rejected > 0 ? ' (503: breaker open)' : overloaded > 0 ? ' (503: bulkhead full)' : '';
  const rest = requests - errors - fallbacks - stale - cached;
  /** @type {[number, string][]} */
  const parts = [
    [fallbacks, `${of} got ${fallbackOnly ?? 'the fallback'}`],
    [stale, `${of} got a stale copy`],
    [errors, `${of} got an error${cause}`],
    [cached, `${of} got a stored response`],
    [rest, `${of} got the response of the service`],
  ];
  const words = parts.filter(([n]) => n > 0).map(([n, text]) => `${whole(n)} ${text}`);
  if (since && since.requests > requests)
    words.push(
      `Since it last opened: ${count(since.requests, 'request')}, ${whole(since.fallbacks + since.stale)} replaced, ${count(since.errors, 'error')}`,
    );
  return words;
}

/** @param {Report['fallback']} fallback */
function fallbackWords(fallback) {
  if (!fallback) return undefined;
  const { stale, upstream, status } = fallback;
  const parts = [
    stale ? 'a stale copy' : undefined,
    upstream === undefined ? undefined : `the response of ${visible(upstream)}`,
    status === undefined ? undefined : `the fallback (status ${status})`,
  ].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(', or else ') : undefined;
}

/**
 * @param {Report} report
 * @param {number} age of the report in milliseconds
 */
export function whatIsNext({ breaker, targets, status, callers }, age) {
  const left = (/** @type {number} */ seconds) => duration(Math.max(0, seconds * 1_000 - age));
  const { state, isolatedFor, retryAfter = 0 } = breaker;
  if (isolatedFor === null) return 'It stays isolated until an operator releases it.';
  if (isolatedFor !== undefined)
    return `The isolation ends in ${left(isolatedFor)}, then a trial call decides.`;
  if (state === 'half-open') return 'A trial call is admitted. Its result closes or opens the breaker.';
  if (state === 'open')
    return retryAfter * 1_000 > age
      ? `Next trial in ${left(retryAfter)}.`
      : 'The next request is the trial that decides.';
  const trials = targets.flatMap(({ trialIn }) => (trialIn === undefined ? [] : [trialIn]));
  if (trials.length > 0) return `An ejected target may have a trial in ${left(Math.min(...trials))}.`;
  if (targets.some((target) => target.state === 'unhealthy'))
    return 'A target returns when its health probes pass.';
  if (callers.overloaded > 0) return 'Calls are admitted again as others end.';
  return status === 'ok' ? 'Nothing.' : 'The breaker opens when more calls fail.';
}

/** @type {(report: Report, now: number) => Report['breaker']['lastFailures'][number] | undefined} */
function recentFailure({ breaker }, now) {
  const last = breaker.lastFailures.at(-1);
  if (!last) return undefined;
  return breaker.state !== 'closed' || now - Date.parse(last.at) < 60_000 ? last : undefined;
}

/** @type {(action: Extract<TimelineEvent, { kind: 'action' }>) => string} */
export function actionWords({ action, subject, reason, by, lasts }) {
  const whom = subject === undefined ? '' : ` of ${visible(subject)}`;
  const time = lasts === undefined ? '' : ` for ${duration(lasts)}`;
  const because = reason === undefined ? '' : `: “${visible(reason)}”`;
  return `${visible(action)}${whom}${time} by ${operatorWords(by)}${because}`;
}

/** @param {Operator} by */
function operatorWords({ name, peer }) {
  return `${visible(name)} (${visible(peer)})`;
}

/**
 * The whole in one sentence.
 *
 * @param {Picture} picture
 */
export function headline(picture) {
  const { down, degraded } = totals(picture.upstreams.values());
  const all = picture.upstreams.size;
  if (all === 0) return 'No upstream is configured.';
  if (down + degraded === 0) return all === 1 ? 'The upstream is OK.' : `All ${whole(all)} upstreams are OK.`;
  const parts = [down > 0 ? `${whole(down)} down` : '', degraded > 0 ? `${whole(degraded)} degraded` : ''];
  const wrong = parts.filter((part) => part !== '').join(', ');
  return `${wrong} of ${count(all, 'upstream')}.`;
}

/**
 * What somebody may want to know of the gateway itself.
 *
 * @param {Picture} picture
 * @param {number} now milliseconds since the epoch, by the clock of the gateway
 * @returns {{ name: string, text: string, isWell: boolean }[]}
 */
export function gatewayFacts({ gateway, providers }, now) {
  if (!gateway) return [];
  const { phase, revision, hash, restartFor, reloadError, redis, replicas, logLevel } = gateway;
  return [
    ...gateway.overloads.map((overload) =>
      fact(
        overload.reason === 'memory' ? 'Short of memory' : 'Overload',
        overloadWords(overload, now),
        false,
      ),
    ),
    fact('State', phase, phase === 'serving'),
    fact('Configuration', `revision ${revision} (${hash})`),
    fact(
      'Last reload',
      reloadError === undefined ? 'no error' : `failed: ${reloadError}`,
      reloadError === undefined,
    ),
    fact('Waiting for a restart', restartFor.join(', ') || 'nothing', restartFor.length === 0),
    fact('Redis', redis ? (redis.up ? 'connected' : 'away') : 'not configured', redis?.up !== false),
    fact('Replicas that share breakers', replicas === 0 ? 'none' : String(replicas)),
    fact('Log level', `${logLevel.level}${endsWords(logLevel.endsIn)}`, logLevel.endsIn === undefined),
    ...gateway.faults.map(({ route, endsIn }) =>
      fact(`Fault in route ${route}`, `injected${endsWords(endsIn)}`, false),
    ),
    ...providers.map(({ id, keys, lastFetch }) =>
      fact(
        `Keys of ${id}`,
        `${keys}${keys === 'fresh' || !lastFetch ? '' : `, last fetch: ${lastFetch}`}`,
        keys === 'fresh',
      ),
    ),
  ];
}

/** @type {(name: string, text: string, isWell?: boolean) => { name: string, text: string, isWell: boolean }} */
function fact(name, text, isWell = true) {
  return { name: visible(name), text: visible(text), isWell };
}

/** @type {(overload: Gateway['overloads'][number], now: number) => string} */
function overloadWords({ reason, since, rejectedPerSecond }, now) {
  const why =
    reason === 'memory' ? 'too little memory is left' : 'requests wait for too long until they start';
  const advice =
    reason === 'memory'
      ? 'Give the gateway more memory, or look for what uses it.'
      : 'Add workers or machines, and give less important routes a low priority.';
  const time = sinceWords(Date.parse(since), now);
  return rejectedPerSecond === 0
    ? `requests were rejected, ${time}, because ${why}. None was in the last ten seconds.`
    : `${rate(rejectedPerSecond)} requests/s are rejected with 503, ${time}, because ${why}. ${advice}`;
}

/** @param {number | undefined} seconds */
function endsWords(seconds) {
  return seconds === undefined ? '' : `, ends in ${duration(seconds * 1_000)}`;
}

/** @param {Pick<Counts, 'requests' | 'errors'>} callers of ten seconds */
export function trafficWords({ requests, errors }) {
  return `${rate(requests / 10)} requests/s, ${share(errors, requests)} errors`;
}

/**
 * @param {number} since
 * @param {number} now
 */
export function sinceWords(since, now) {
  return `since ${clockTime(since, now)} (${duration(now - since)})`;
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
