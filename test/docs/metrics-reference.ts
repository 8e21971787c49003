import { type Metric, register } from 'prom-client';

const INTRODUCTION = `# Metrics

\`:9090/metrics\` serves these metrics in the format of Prometheus. Labels have few values: routes and upstreams have the
ids of the configuration, and no label ever holds a path or a user.

Metrics of the Node process have the names that dashboards for Node expect, without a prefix: \`process_*\` (CPU, memory, file
descriptors) and \`nodejs_*\` (event loop, heap, garbage collection, active handles).

When a reload removes an upstream or a route, its gauges end, and its counters and histograms stay until the process ends: their
last values are not lost between two scrapes, and sums over all upstreams do not go back, which Prometheus would take for a
restart. \`rate()\` over them is 0. One that is added again goes on where it was.
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
