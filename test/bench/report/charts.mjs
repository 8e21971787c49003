import { barChart } from './chart.mjs';
import { decimal, size, whole } from './tables.mjs';

const ms = (value) => decimal(value, 2);
const mebibytes = (bytes) => whole(bytes / 2 ** 20);

/**
 * The charts of a run by the name of their file, without those of what was not measured.
 * @param {object} run the results, as run.mjs collects them
 * @returns {Record<string, string>}
 */
export function charts({ throughput, latency, memory, bodies, scale }) {
  return {
    ...(throughput && { 'throughput.svg': throughputChart(throughput.rows) }),
    ...(latency && { 'latency.svg': latencyChart(latency.rows) }),
    ...(memory && { 'memory.svg': memoryChart(memory) }),
    ...(bodies && { 'bodies.svg': bodiesChart(bodies) }),
    ...(scale && {
      'routes.svg': scaleChart(scale, 'routes'),
      'upstreams.svg': scaleChart(scale, 'upstreams'),
      'reload.svg': reloadChart(scale),
    }),
  };
}

const throughputChart = (rows) =>
  barChart({
    title: 'Requests per second on one core',
    note: 'Median of the rounds, and the lowest and the highest of them. More is better.',
    rows: rows.toSorted((a, b) => b.requestsPerSecond - a.requestsPerSecond),
    panels: [
      {
        title: '',
        format: whole,
        value: (row) => row.requestsPerSecond,
        range: ({ rates }) => [rates.least, rates.most],
      },
    ],
  });

const latencyChart = (rows) =>
  barChart({
    title: 'Latency added to that of the upstream',
    note: 'Milliseconds at a fixed rate of requests. Less is better. Each column has its own scale.',
    rows: rows.toSorted((a, b) => a.addedP50Ms - b.addedP50Ms),
    panels: [
      { title: 'median', format: ms, value: (row) => Math.max(0, row.addedP50Ms) },
      { title: '99th percentile', format: ms, value: (row) => Math.max(0, row.addedP99Ms) },
    ],
  });

const memoryChart = (rows) =>
  barChart({
    title: 'Memory',
    note: 'MiB. Less is better. All columns have the same scale.',
    rows: rows.toSorted((a, b) => a.idleBytes - b.idleBytes),
    sharedScale: true,
    panels: [
      { title: 'started', format: mebibytes, value: (row) => row.idleBytes },
      { title: 'under load', format: mebibytes, value: (row) => row.loadedBytes },
      { title: 'with idle connections', format: mebibytes, value: (row) => row.connectedBytes },
    ],
  });

const bodiesChart = (rows) =>
  barChart({
    title: 'Throughput by body size',
    note: 'More is better. Each column has its own scale.',
    rows,
    panels: (rows[0]?.sizes ?? []).map(({ bytes }, i) => bodiesPanel(bytes, (row) => row.sizes[i])),
  });

/** Of large bodies only few are complete when the time is over, so that their bytes are more exact. */
function bodiesPanel(bytes, of) {
  const isLarge = bytes >= 2 ** 20;
  const measured = (row) => (isLarge ? of(row).bytesPerSecond : of(row).perSecond);
  return {
    title: `${size(bytes)}: ${isLarge ? 'MiB/s' : 'req/s'}`,
    format: isLarge ? mebibytes : whole,
    value: (row) => measured(row).median,
    range: (row) => [measured(row).least, measured(row).most],
  };
}

const scaleChart = (rows, by) =>
  barChart({
    title: `Requests per second by the number of ${by}`,
    note: 'More is better. All columns have the same scale.',
    rows,
    sharedScale: true,
    panels: (rows[0]?.[by] ?? []).map((each, i) => ({
      title: `${whole(each[by])} ${by}`,
      format: whole,
      value: (row) => row[by][i].perSecond,
    })),
  });

const reloadChart = (rows) =>
  barChart({
    title: 'Time until a new route answers after a reload',
    note: 'Milliseconds. Less is better. Each column has its own scale.',
    rows,
    panels: (rows[0]?.routes ?? []).map(({ routes }, i) => ({
      title: `${whole(routes)} routes`,
      format: whole,
      value: (row) => row.routes[i].reload.tookMs,
    })),
  });
