import { stripVTControlCharacters, styleText } from 'node:util';
import { clockTime, count, milliseconds, rate, share, visible, whole } from '../dashboard/format.js';
import { listed, topRoutes, totals } from '../dashboard/picture.js';
import { gatewayFacts, headline, incidentOf, sinceWords, STATUS } from '../dashboard/words.js';
import type { Connection, Picture, Report } from '../dashboard/wire.js';

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** The list of upstreams gets at least so many lines. */
const LEAST_ROWS = 6;
const MOST_ROUTES = 5;
const LONGEST_NAME = 32;
const MARKS = { ok: '●', degraded: '▲', down: '■' } as const;
const COLOURS = { ok: 'green', degraded: 'yellow', down: 'red' } as const;
const ROUTE_HEADS = ['ROUTE, LAST MINUTE', 'REQ/S', 'ERRORS', 'SHARE', 'P95'];
const HEADS = ['UPSTREAM', 'STATUS', 'TARGETS', 'REQ/S', 'ERRORS', 'FALLBACK', 'CACHED', 'P50', 'P95', 'P99'];

/**
 * What is wrong first, then all upstreams, then the routes with the most errors.
 *
 * @param now milliseconds since the epoch, by the clock of the gateway
 * @param size of the terminal; everything is shown without it
 * @returns lines with colours
 */
export function screen(picture: Picture, connection: Connection, now: number, size?: Size): string[] {
  const sum = totals(picture.upstreams.values());
  const upstreams = listed(picture.upstreams.values(), '', 'failing');
  const head = [
    `${styleText('bold', 'Breakwater')}  ${gatewayWords(picture)}  ${connectionWords(connection, picture)}`,
    '',
    styleText('bold', headline(picture)),
    ...gatewayFacts(picture, now)
      .filter(({ isWell }) => !isWell)
      .map(({ name, text }) => styleText('yellow', `▲ ${name}: ${text}`)),
    `${rate(sum.requests / 10)} requests/s, ${share(sum.errors, sum.requests)} errors, ` +
      `${share(sum.replaced, sum.requests)} fallback or stale, ${share(sum.cached, sum.requests)} cached, ${sum.inFlight} in flight`,
    '',
  ];
  const wrong = upstreams.filter(({ status }) => status !== 'ok');
  const boxes = wrong.map((report) => incidentLines(picture, report, now));
  const room = size ? size.rows - head.length - LEAST_ROWS : Infinity;
  const shown = [];
  for (const box of boxes) if (shown.length + box.length <= room) shown.push(...box);
  const table = tableLines(upstreams);
  const lines = [...head, ...shown];
  const routes = routeLines(picture);
  const hasRoom = !size || size.rows - lines.length - routes.length > LEAST_ROWS;
  const below = hasRoom ? routes : [];
  const left = size ? Math.max(1, size.rows - lines.length - below.length - 1) : Infinity;
  lines.push(...table.slice(0, left));
  if (table.length > left) lines.push(styleText('dim', count(table.length - left, 'more upstream')));
  lines.push(...below);
  return size ? lines.slice(0, size.rows).map((line) => cut(line, size.columns)) : lines;
}

function gatewayWords({ gateway, at }: Picture): string {
  if (!gateway) return '';
  return `${gateway.phase}, revision ${gateway.revision}, ${clockTime(at, at)}`;
}

function connectionWords(connection: Connection, { at, skew }: Picture): string {
  if (connection.state !== 'lost' && connection.state !== 'refused') return '';
  const why = connection.state === 'lost' ? connection.detail : `status ${connection.status}`;
  return styleText(
    ['red', 'bold'],
    `■ disconnected (${why}), showing data of ${clockTime(at - skew, Date.now())}`,
  );
}

function incidentLines(picture: Picture, report: Report, now: number): string[] {
  const { what, since, why, callers, next, advice } = incidentOf(picture, report, now);
  const { id, status } = report;
  const time = since === undefined ? '' : ` ${sinceWords(since, now)}`;
  const title = `${MARKS[status]} ${STATUS[status]} ${visible(id)}`;
  const rows = [
    ...why.map((text) => ['Why', text]),
    ...callers.map((text) => ['Callers', text]),
    ['Next', next],
    ...(advice === undefined ? [] : [['Do', advice]]),
  ];
  const lines = rows.map(
    ([name = '', text], i) => `  ${(rows[i - 1]?.[0] === name ? '' : name).padEnd(9)}${text}`,
  );
  return [`${styleText([COLOURS[status], 'bold'], title)}  ${what}${time}`, ...lines, ''];
}

function tableLines(upstreams: readonly Report[]): string[] {
  const rows = upstreams.map(({ id, status, targets, callers }) => [
    visible(id).slice(0, LONGEST_NAME),
    STATUS[status],
    `${targets.filter(({ state }) => state === 'available').length}/${targets.length}`,
    rate(callers.requests / 10),
    share(callers.errors, callers.requests),
    share(callers.fallbacks + callers.stale, callers.requests),
    share(callers.cached, callers.requests),
    milliseconds(callers.p50),
    milliseconds(callers.p95),
    milliseconds(callers.p99),
  ]);
  const [head, ...lines] = columns([HEADS, ...rows], 2);
  return [
    styleText('dim', `  ${head}`),
    ...lines.map((line, i) => {
      const status = upstreams[i]?.status ?? 'ok';
      return `${styleText(COLOURS[status], MARKS[status])} ${line}`;
    }),
  ];
}

/** None without requests. */
function routeLines(picture: Picture): string[] {
  const { seconds } = picture.topRoutes;
  const rows = topRoutes(picture, 'errors')
    .slice(0, MOST_ROUTES)
    .map(({ route, requests, errors, p95 }) => [
      visible(route).slice(0, LONGEST_NAME),
      rate(requests / seconds),
      whole(errors),
      share(errors, requests),
      milliseconds(p95),
    ]);
  if (rows.length === 0) return [];
  const [head, ...lines] = columns([ROUTE_HEADS, ...rows], 1).map((line) => `  ${line}`);
  return ['', styleText('dim', head ?? ''), ...lines];
}

/** @returns a line for each row, whose first cells are left-aligned */
function columns(rows: readonly (readonly string[])[], left: number): string[] {
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows.map((cells) =>
    cells
      .map((cell, i) => (i < left ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  '),
  );
}

/** Without its colours, which would end behind the cut. */
function cut(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= columns ? line : `${plain.slice(0, columns - 1)}…`;
}
