/**
 * @typedef {object} Table
 * @property {string[]} header
 * @property {string[][]} rows the first column is text, the others are numbers
 */

/** @returns {Table} */
export const throughputTable = ({ rows }) => ({
  header: [
    '',
    'req/s',
    'lowest to highest',
    'of bare',
    'of best peer',
    'p50 ms',
    'p99 ms',
    'CPU µs/req',
    'failed',
  ],
  rows: rows.map((row) => [
    row.title,
    whole(row.requestsPerSecond),
    `${whole(row.rates.least)} to ${whole(row.rates.most)}`,
    decimal(row.ofCeiling, 2),
    decimal(row.ofBestPeer, 2),
    decimal(row.p50Ms, 2),
    decimal(row.p99Ms, 2),
    decimal(row.cpuMicrosPerRequest, 1),
    whole(row.failed),
  ]),
});

/** @returns {Table} */
export const latencyTable = ({ direct, rows }) => ({
  header: ['', 'added p50 ms', 'added p99 ms', 'added p99.9 ms', 'p50 ms', 'p99 ms', 'p99.9 ms', 'failed'],
  rows: [{ title: 'the upstream itself', ...direct }, ...rows].map((row) => [
    row.title,
    ...[row.addedP50Ms, row.addedP99Ms, row.addedP999Ms, row.p50Ms, row.p99Ms, row.p999Ms].map((ms) =>
      decimal(ms, 2),
    ),
    whole(row.failed),
  ]),
});

/** @returns {Table} */
export const memoryTable = (rows) => ({
  header: ['', 'started', 'under load', 'idle connections', 'with them', 'KiB per connection', 'failed'],
  rows: rows.map((row) => [
    row.title,
    mebibytes(row.idleBytes),
    mebibytes(row.loadedBytes),
    whole(row.connections),
    mebibytes(row.connectedBytes),
    decimal(row.bytesPerConnection / 1024, 1),
    whole(row.failed),
  ]),
});

/** @returns {Table} */
export const bodiesTable = (rows) => ({
  header: [
    '',
    ...(rows[0]?.sizes ?? []).flatMap(({ bytes }) => [`${size(bytes)}: req/s`, 'MiB/s']),
    'failed',
  ],
  rows: rows.map(({ title, sizes, failed }) => [
    title,
    ...sizes.flatMap(({ perSecond, bytesPerSecond }) => [
      perSecondText(perSecond.median),
      whole(bytesPerSecond.median / 2 ** 20),
    ]),
    whole(failed),
  ]),
});

/** @param {'routes' | 'upstreams'} by @returns {Table} */
export const scaleTable = (rows, by) => ({
  header: ['', by, 'req/s', 'memory', 'start ms', 'failed'],
  rows: rows.flatMap((row) =>
    row[by].map((each) => [
      row.title,
      whole(each[by]),
      whole(each.perSecond),
      mebibytes(each.memoryBytes),
      whole(each.startMs),
      whole(each.failed),
    ]),
  ),
});

/** @returns {Table} */
export const reloadTable = (rows) => ({
  header: ['', 'routes', 'reload ms', 'slowest other request ms', 'failed'],
  rows: rows.flatMap((row) =>
    row.routes.map(({ routes, reload }) => [
      row.title,
      whole(routes),
      whole(reload.tookMs),
      whole(reload.longestMs),
      whole(reload.failed),
    ]),
  ),
});

/** For a terminal: the first column aligned to the left and the others to the right. @param {Table} table */
export function asText({ header, rows }) {
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  const pad = (cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]));
  return lines.map((line) => line.map(pad).join('  ').trimEnd()).join('\n');
}

/** @param {Table} table */
export function asMarkdown({ header, rows }) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = line(header.map((_, i) => (i === 0 ? '---' : '--:')));
  return [line(header), rule, ...rows.map(line)].join('\n');
}

export const size = (bytes) => (bytes >= 2 ** 20 ? `${bytes / 2 ** 20} MiB` : `${bytes / 1024} KiB`);
export const whole = (value) => (Number.isFinite(value) ? Math.round(value).toLocaleString('en') : '-');
/** A rate, which is small for large bodies. */
export const perSecondText = (value) => (value < 100 ? decimal(value, 1) : whole(value));
export const decimal = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : '-');
const mebibytes = (bytes) => (Number.isFinite(bytes) ? `${whole(bytes / 2 ** 20)} MiB` : '-');
