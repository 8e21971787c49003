// Asks the gateway once a second and shows what it says. No library: the page must come up when little else does.

const POLL_MS = 1000;
const byId = (id) => document.getElementById(id);

/** @returns an element; texts are set as text, so that nothing an upstream says becomes markup */
function element(name, className, ...children) {
  const made = document.createElement(name);
  made.className = className;
  made.append(...children);
  return made;
}

function card({ id, breaker, bulkhead, targets, ignoredProbe }) {
  const wait = breaker.retryAfter === undefined ? '' : `, next trial in ${breaker.retryAfter} s`;
  const failures = breaker.state === 'closed' ? [] : breaker.lastFailures.toReversed();
  return element(
    'article',
    breaker.state,
    element('h3', '', id, element('span', 'state', breaker.state)),
    element(
      'p',
      'soft',
      `${bulkhead.inFlight} waiting, ${bulkhead.queued} queued, ${bulkhead.streams} in transfer${wait}`,
    ),
    ...(ignoredProbe
      ? [
          element(
            'p',
            'warning',
            `Probes are ignored: none has passed since the start (GET ${ignoredProbe.path}: ${ignoredProbe.result}).`,
          ),
        ]
      : []),
    element(
      'ul',
      '',
      ...targets.map(({ name, state }) =>
        element('li', state, element('span', '', name), element('span', 'state', state)),
      ),
      ...failures.map(({ outcome, detail, at }) =>
        element('li', 'soft', element('span', '', `${outcome} (${detail})`), moment(at)),
      ),
    ),
  );
}

function moment(at) {
  const time = element('time', '', new Date(at).toLocaleTimeString(undefined, { hour12: false }));
  time.dateTime = new Date(at).toISOString();
  return time;
}

const entry = ({ upstream, from, to, reason, at }) =>
  element(
    'li',
    to,
    moment(at),
    element('strong', '', upstream),
    element('span', 'state', `${from} → ${to}`),
    element('span', 'soft', reason),
  );

const provider = ({ id, keys, lastFetch }) =>
  element(
    'li',
    keys,
    element('strong', '', id),
    element('span', 'state', `keys ${keys}`),
    element('span', 'soft', keys === 'fresh' || !lastFetch ? '' : `last fetch: ${lastFetch}`),
  );

function show({ upstreams, providers, timeline }) {
  const failing = upstreams.filter(({ breaker }) => breaker.state !== 'closed').length;
  const keyless = providers.filter(({ keys }) => keys === 'missing');
  const tokens = keyless.map(({ id }) => ` Tokens of ${id} cannot be verified.`).join('');
  byId('summary').textContent =
    (failing === 0
      ? `All ${upstreams.length} upstreams are closed${tokens ? '' : ': traffic flows'}.`
      : `${failing} of ${upstreams.length} upstreams failing; the others are not affected.`) + tokens;
  byId('upstreams').replaceChildren(...upstreams.map(card));
  byId('issuers').hidden = providers.length === 0;
  byId('providers').replaceChildren(...providers.map(provider));
  byId('timeline').replaceChildren(...timeline.map(entry));
  byId('quiet').hidden = timeline.length > 0;
}

async function poll() {
  try {
    const response = await fetch('overview');
    if (!response.ok) throw new Error(`status ${response.status}`);
    show(await response.json());
  } catch (error) {
    byId('summary').textContent = `The gateway does not answer (${error.message}). What is below may be old.`;
  }
  setTimeout(() => void poll(), POLL_MS);
}

void poll();
