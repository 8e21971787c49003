import { type Metric, register } from 'prom-client';

const INTRODUCTION = `# Metrics

\`http://127.0.0.1:9090/metrics\` serves these metrics in the Prometheus format. Labels contain ids of the configuration, never paths
or users, so the number of series is bounded.

Metrics of the Node process have their usual names: \`process_*\` (CPU, memory, file descriptors) and \`nodejs_*\` (event loop,
heap, garbage collection, active handles).

When a reload removes an upstream or a route, its gauges disappear, but its counters and histograms stay until the process ends.
Otherwise sums would decrease, which Prometheus would interpret as a restart.
`;

/** What `labelNames` and `help` are called in prom-client, whose types leave them out. */
interface Described {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly constructor: { readonly name: string };
}

/** docs/metrics.md: every metric of the gateway that the registry of this process has. */
export function metricsReference(): string {
  const rows = register
    .getMetricsAsArray()
    // The objects themselves, and not their values.
    .map((metric) => metric as unknown as Described & Metric)
    .filter(({ name }) => name.startsWith('breakwater_'))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, help, labelNames, constructor }) => {
      const labels = labelNames.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${constructor.name.toLowerCase()} | ${labels} | ${help} |`;
    });
  return [
    INTRODUCTION,
    '| metric | type | labels | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
