// @ts-check
import { failuresWords, probeWords } from './failure-words.js';
import { count, visible } from './format.js';
import { actionWords, openedWords } from './words.js';

/** @import { TimelineEvent } from './wire.js' */

/** @typedef {'bad' | 'warn' | 'good' | 'note'} Tone */

/**
 * @typedef {object} EventWords
 * @property {Tone} tone
 * @property {string} what
 * @property {string} detail
 */

/**
 * @param {TimelineEvent} event
 * @returns {EventWords}
 */
export function eventWords(event) {
  switch (event.kind) {
    case 'transition':
      return transitionWords(event);
    case 'probe':
      return event.passed
        ? said('good', 'Probe passed', visible(event.target))
        : said('bad', 'Probe failed', `${visible(event.target)}: ${probeWords(event.detail)}`);
    case 'target':
      return event.to === 'available'
        ? said('good', 'Target available', visible(event.target))
        : said('bad', `Target ${event.to}`, visible(event.target));
    case 'overload':
      return event.isOver
        ? said('good', 'Overload over', `${count(event.rejected, 'call')} rejected`)
        : said('bad', 'Overload', 'The bulkhead is full.');
    case 'gateway-overload':
      return event.isOver
        ? said('good', 'Gateway overload over', `${count(event.rejected, 'request')} rejected`)
        : said(
            'bad',
            'Gateway overload',
            event.reason === 'memory' ? 'There is too little memory left.' : 'Requests wait for too long.',
          );
    case 'reload':
      return event.result === 'failed'
        ? said('bad', 'Reload failed', visible(event.error ?? ''))
        : said('note', `Reload: ${event.result}`, `revision ${event.revision} (${visible(event.hash)})`);
    case 'upstream':
      return said('note', event.isRemoved ? 'Upstream removed' : 'Upstream added', '');
    case 'action':
      return said('warn', 'Operator', actionWords(event));
    case 'action-ended':
      return said('note', 'Ended by itself', `${visible(event.action)} ${visible(event.subject ?? '')}`);
    case 'redis':
      return event.up ? said('good', 'Redis is back', '') : said('bad', 'Redis is away', event.reason ?? '');
    case 'keys':
      return said(
        event.result === 'ok' ? 'good' : 'warn',
        'Keys of a token issuer',
        `${visible(event.provider)}: ${visible(event.result)}`,
      );
    default:
      // An event of a newer gateway.
      return said('note', visible(/** @type {{ kind: string }} */ (event).kind), '');
  }
}

/** @type {(event: Extract<TimelineEvent, { kind: 'transition' }>) => EventWords} */
function transitionWords({ to, reason, votes, failures }) {
  if (to === 'half-open') return said('warn', 'Breaker half-open', 'One trial call is admitted.');
  if (to === 'open') return said('bad', 'Breaker open', openedWords({ reason, votes, failures }));
  const why = { 'trial-passed': 'The trial call passed.', health: 'Health probes passed.' };
  const last = failures.length > 0 && reason === 'manual' ? ` Last: ${failuresWords(failures)}.` : '';
  const words = Object.entries(why).find(([name]) => name === reason)?.[1];
  return said('good', 'Breaker closed', words ?? (reason === 'manual' ? `By an operator.${last}` : reason));
}

/** @type {(tone: Tone, what: string, detail: string) => EventWords} */
function said(tone, what, detail) {
  return { tone, what, detail };
}
