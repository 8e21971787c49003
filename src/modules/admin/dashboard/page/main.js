import { readEvents } from '../event-reader.js';
import { clockTime, duration } from '../format.js';
import { addMessage, emptyPicture } from '../picture.js';
import { updateDetails } from './details.js';
import { byId, el, setText } from './dom.js';
import { record } from './history.js';
import { showLanes } from './lanes.js';
import { showEvents, showFailures, showGateway } from './lists.js';
import { showNow } from './now.js';
import { showRoutes } from './routes.js';
import { listenToTable, showTable } from './table.js';

/** @import { Connection } from '../wire.js' */

const picture = emptyPicture();
/** @type {Connection} */
let connection = { state: 'connecting' };
/** When the connection was lost; attempts that fail do not change it. */
let lostAt = 0;
let isWaiting = false;

function render() {
  isWaiting = false;
  showConnection();
  if (!picture.gateway) return;
  // While nothing is heard, the time of the gateway stands still: a countdown would pretend to know.
  const isLive = connection.state === 'live';
  const now = isLive ? Date.now() + picture.skew : picture.at;
  record(picture);
  showNow(picture, now, isLive);
  showLanes(picture, now);
  showTable(picture);
  showRoutes(picture);
  showEvents(picture, now);
  showFailures(picture, now);
  showGateway(picture, now);
  updateDetails(now);
}

/** Many messages at once are shown once. */
function renderSoon() {
  if (isWaiting || document.hidden) return;
  isWaiting = true;
  requestAnimationFrame(render);
}

function showConnection() {
  const now = Date.now();
  const { state } = connection;
  const data = picture.at === 0 ? '' : ` Showing data of ${clockTime(picture.at, now)}.`;
  document.body.dataset.connection = state;
  setText(
    byId('connection'),
    { connecting: 'Connecting', live: '● Live', lost: '■ Disconnected', refused: '■ Not admitted' }[state],
  );
  const notices = byId('notices');
  if (state === 'live' || state === 'connecting') {
    notices.replaceChildren();
    return;
  }
  const [
    notice = notices.appendChild(el('p', { class: 'notice', role: 'alert' })),
    wait = notices.appendChild(el('p', 'soft')),
  ] = notices.children;
  setText(notice, `${noticeOf(connection)}${data}`);
  setText(wait, `Next attempt in ${duration(connection.retryAt - now)}.`);
}

/** @param {Extract<Connection, { since: number }>} connection */
function noticeOf(connection) {
  if (connection.state === 'lost')
    return `Disconnected since ${clockTime(lostAt, Date.now())}: the gateway cannot be reached (${connection.detail}).`;
  switch (connection.status) {
    case 401:
      return 'The management port wants its token. Reload the page and enter it as the password.';
    case 429:
      return 'Too many wrong tokens came from this address, or too many pages are open. Wait a moment.';
    case 503:
      return 'The gateway is stopping, or too many pages are open.';
    default:
      return `The management port answers with status ${connection.status}.`;
  }
}

function switchTheme() {
  const { dataset } = document.documentElement;
  const isDark = dataset.theme
    ? dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  dataset.theme = isDark ? 'light' : 'dark';
  try {
    localStorage.setItem('breakwater-theme', dataset.theme);
  } catch {
    // It lasts as long as the page.
  }
}

byId('theme').addEventListener('click', switchTheme);
for (const id of ['kind', 'route-order']) byId(id).addEventListener('change', renderSoon);
document.addEventListener('visibilitychange', renderSoon);
listenToTable(render);
setInterval(renderSoon, 1_000);
void readEvents({
  url: 'admin/events',
  signal: new AbortController().signal,
  onMessage(message) {
    addMessage(picture, message, Date.now());
    renderSoon();
  },
  onConnection(next) {
    if (next.state !== 'live' && connection.state !== 'lost' && connection.state !== 'refused')
      lostAt = Date.now();
    connection = next;
    renderSoon();
  },
});
