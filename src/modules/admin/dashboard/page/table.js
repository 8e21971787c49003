import { count, milliseconds, rate, share, visible } from '../format.js';
import { listed } from '../picture.js';
import { STATUS } from '../words.js';
import { showDetails } from './details.js';
import { button, byId, el, setText, showItems, statusBadge } from './dom.js';
import { readPast, traceOf } from './history.js';
import { sparkline } from './sparkline.js';

/** @import { Picture, Report } from '../wire.js' */

/** Rows that are added each time. All rows at once would cost work each second for what nobody sees. */
const PAGE = 25;
/** Milliseconds for which rows keep their order while only numbers change, so that one can read and click them. */
const CALM = 5_000;

const state = {
  search: '',
  order: 'failing',
  most: PAGE,
  sortedAt: 0,
  /** @type {string[]} */ ids: [],
  statuses: '',
};

/** @param {() => void} render */
export function listenToTable(render) {
  const search = /** @type {HTMLInputElement} */ (byId('search'));
  const order = /** @type {HTMLSelectElement} */ (byId('order'));
  const change = () => {
    Object.assign(state, { search: search.value, order: order.value, most: PAGE, sortedAt: 0 });
    render();
  };
  search.addEventListener('input', change);
  order.addEventListener('change', change);
  byId('show-more').addEventListener('click', () => {
    state.most += PAGE;
    render();
  });
}

/** @param {Picture} picture */
export function showTable(picture) {
  const found = sorted(picture);
  const shown = found.slice(0, state.most);
  showItems(
    byId('rows'),
    shown,
    ({ id }) => id,
    ({ id }) => row(picture, id),
  );
  const all = picture.upstreams.size;
  setText(byId('shown'), `${state.search === '' ? '' : `${found.length} of `}${count(all, 'upstream')}`);
  byId('show-more').hidden = shown.length === found.length;
  setText(byId('show-more'), `Show ${Math.min(PAGE, found.length - shown.length)} more of ${found.length}`);
  byId('empty').hidden = found.length > 0;
  setText(
    byId('empty'),
    all === 0
      ? 'No upstream is configured. Add one to the configuration: this page shows it as soon as it is in force.'
      : `No upstream and no target has ${JSON.stringify(state.search)} in its name.`,
  );
}

/** @param {Picture} picture */
function sorted({ upstreams, at }) {
  const statuses = Array.from(upstreams.values(), ({ status }) => status).join();
  if (statuses !== state.statuses || at - state.sortedAt >= CALM) {
    state.ids = listed(upstreams.values(), state.search, state.order).map(({ id }) => id);
    state.statuses = statuses;
    state.sortedAt = at;
  }
  return state.ids.flatMap((id) => upstreams.get(id) ?? []);
}

/** @type {(picture: Picture, id: string) => { node: Element, update: (report: Report) => void }} */
function row(picture, id) {
  const badge = el('span');
  const name = button(visible(id), () => showDetails(picture, id), 'link name');
  name.setAttribute('dir', 'auto');
  const spark = sparkline();
  const cells = [
    'targets medium',
    'requests',
    'errors',
    'p50 medium',
    'p95',
    'p99 medium',
    'replaced wide',
    'cached wide',
  ].map((each) => el('td', `number ${each}`));
  const [targets, requests, ...others] = cells;
  const node = el(
    'tr',
    {},
    el('th', { scope: 'row' }, badge, ' ', name),
    ...cells.slice(0, 2),
    el('td', 'wide', spark.node),
    ...others,
  );
  /** @type {Report['status'] | undefined} */
  let status;
  return {
    node,
    update(report) {
      readPast(id);
      if (status !== report.status) {
        status = report.status;
        badge.replaceChildren(statusBadge(status, STATUS[status]));
      }
      const { callers } = report;
      const available = report.targets.filter((target) => target.state === 'available').length;
      const texts = [
        `${available}/${report.targets.length}`,
        rate(callers.requests / 10),
        share(callers.errors, callers.requests),
        milliseconds(callers.p50),
        milliseconds(callers.p95),
        milliseconds(callers.p99),
        share(callers.fallbacks + callers.stale, callers.requests),
        share(callers.cached, callers.requests),
      ];
      for (const [i, cell] of cells.entries()) setText(cell, texts[i] ?? '');
      targets?.classList.toggle('bad', available < report.targets.length);
      others[0]?.classList.toggle('bad', callers.errors > 0);
      requests?.classList.toggle('idle', callers.requests === 0);
      spark.update(traceOf(id));
    },
  };
}
