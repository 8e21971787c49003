import { visible } from '../format.js';
import { button, byId, el, setText } from './dom.js';

/** @import { Report } from '../wire.js' */

/** @typedef {'isolate' | 'close' | 'reset'} Action */

/** @type {Readonly<Record<Action, { readonly label: string, readonly effect: string }>>} */
const ACTIONS = {
  isolate: {
    label: 'Isolate',
    effect: 'No call reaches the upstream. Callers get the fallback, or status 503.',
  },
  close: {
    label: 'Close now',
    effect: 'All calls are admitted at once. The breaker opens again when they fail.',
  },
  reset: { label: 'Release', effect: 'The isolation ends, and a trial call decides.' },
};

const TIMES = [
  ['10m', '10 minutes'],
  ['30m', '30 minutes'],
  ['1h', '1 hour'],
  ['4h', '4 hours'],
  ['', 'Until somebody releases it'],
];

/** @param {Report['breaker']} breaker */
function actionsFor({ state, mode, isolatedFor }) {
  /** @type {Action[]} */
  let actions = ['close', 'isolate'];
  // In this mode the breaker rejects nothing, whatever its state.
  if (mode === 'shadow') actions = [];
  else if (isolatedFor !== undefined) actions = ['reset', 'close'];
  else if (state === 'closed') actions = ['isolate'];
  return actions;
}

/** @param {string} upstream */
export function actionBar(upstream) {
  const node = el('div', 'actions');
  let shown = '';
  return {
    node,
    /** @param {Report['breaker']} breaker */
    update(breaker) {
      const actions = actionsFor(breaker);
      if (actions.join() === shown) return;
      shown = actions.join();
      node.replaceChildren(
        ...actions.map((action) => button(`${ACTIONS[action].label}…`, () => confirm(upstream, action))),
      );
    },
  };
}

/** @type {(upstream: string, action: Action) => void} */
function confirm(upstream, action) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('act'));
  const { label, effect } = ACTIONS[action];
  const reason = el('textarea', { id: 'reason', required: '', maxlength: '500', rows: '3' });
  const time = el('select', {}, ...TIMES.map(([value = '', text = '']) => el('option', { value }, text)));
  const problem = el('p', { class: 'problem', role: 'alert' });
  const submit = el('button', { class: 'danger' }, label);
  const form = el(
    'form',
    {},
    el('h2', { id: 'act-title' }, `${label}: `, el('bdi', 'name', visible(upstream))),
    el('p', {}, effect),
    el('label', {}, 'Reason, for the audit list', reason),
    ...(action === 'isolate' ? [el('label', {}, 'For', time)] : []),
    problem,
    el(
      'div',
      'actions',
      submit,
      button('Cancel', () => dialog.close()),
    ),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (reason.value.trim() === '') {
      setText(problem, 'Say why, in a few words.');
      reason.focus();
      return;
    }
    submit.disabled = true;
    const body = {
      reason: reason.value.trim(),
      ...(time.value && action === 'isolate' && { for: time.value }),
    };
    void send(`admin/breakers/${encodeURIComponent(upstream)}/${action}`, body).then((failure) => {
      submit.disabled = false;
      if (failure !== undefined) return setText(problem, failure);
      dialog.close();
      return setText(byId('said'), `Done: ${label.toLowerCase()} ${visible(upstream)}.`);
    });
  });
  setText(byId('said'), '');
  dialog.replaceChildren(form);
  dialog.showModal();
  reason.focus();
}

/**
 * @param {string} path
 * @param {object} body
 * @returns {Promise<string | undefined>} what went wrong
 */
async function send(path, body) {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Breakwater-Action': '1' },
      body: JSON.stringify(body),
    });
    if (response.ok) return undefined;
    const { title, detail } = /** @type {{ title?: string, detail?: string }} */ (await response.json());
    return `Not done: ${detail ?? title ?? `status ${response.status}`}`;
  } catch (error) {
    return `Not done: the gateway does not answer (${error instanceof Error ? error.message : 'unknown'}).`;
  }
}
