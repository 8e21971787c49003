import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { closedPort } from '../support/closed-port.js';
import { listen } from '../support/gateway.js';
import { keepUntilEnd, spawnGateway, type GatewayProcess } from '../support/process.js';
import { OtlpReceiver } from '../support/otlp.js';
import { until } from '../support/until.js';
import { alerts, panelExpressions } from './monitoring.js';
import { describeWithPrometheus, Prometheus } from './prometheus.js';

const PORTS = 'server: { port: 0, host: 127.0.0.1 }\nmanagement: { port: 0 }';
const WITH_WORKERS = 'server: { port: 0, host: 127.0.0.1, workers: 2 }\nmanagement: { port: 0 }';

const healthy = (upstream: string, receiver: string) => `
${WITH_WORKERS}
tracing: { endpoint: "${receiver}", sample: 100% }
upstreams: { fine: { targets: [{ url: ${upstream}/a }, { url: ${upstream}/b }], hedge: { after: 1ms }, health: { path: /health, interval: 1s } } }
routes: [{ id: fine, match: { path: /** }, upstream: fine, cache: { ttl: 1m }, websocket: true }]
`;

/** Everything that can fail here does. */
const failing = (upstream: string, closed: string) => `
${PORTS}
tracing: { endpoint: "${closed}", sample: 100% }
redis: { url: "${closed.replace('http', 'redis')}" }
auth: { issuer: { jwksUri: "${closed}/keys", algorithms: [RS256], jwks: { refresh: 1s, required: false } } }
upstreams:
  down: { url: "${closed}", health: { path: /health, interval: 1s } }
  retried: { url: "${upstream}", retry: { attempts: 2, on: [500], budget: 1% }, breaker: { mode: shadow } }
  misprobed: { url: "${upstream}", health: { path: /500, interval: 1s } }
  slow: { url: "${upstream}", timeout: 1m, bulkhead: { concurrent: 1, queue: 0 } }
  ejecting: { targets: [{ url: ${upstream} }, { url: ${closed} }], balancer: round-robin }
  nowhere: { url: http://nowhere.invalid }
  crowded: { url: "${upstream}", timeout: 1m }
routes:
  - { id: down, match: { path: /down }, upstream: down, auth: none }
  - { id: retried, match: { path: /500 }, upstream: retried, auth: none }
  - { id: slow, match: { path: /slow }, upstream: slow, auth: none }
  - { id: ejecting, match: { path: /ejecting }, upstream: ejecting, auth: none }
  - { id: nowhere, match: { path: /nowhere }, upstream: nowhere, auth: none }
  - { id: limited, match: { path: /limited }, upstream: ejecting, auth: none, rateLimit: { requests: 1, per: 1m } }
  - { id: crowded, match: { path: /crowded }, upstream: crowded, auth: none, rewrite: { path: /slow }, limits: { requestsPerUser: 1 } }
  - { id: secured, match: { path: /secured }, upstream: slow }
`;
const EXPECTED = [
  'AllTargetsDown',
  'BreakerOpen',
  'BulkheadFull',
  'BulkheadSaturated',
  'DnsFailing',
  'ErrorRatioHigh',
  'KeysNotFetched',
  'ProbesIgnored',
  'RedisDown',
  'RetryBudgetExhausted',
  'TargetDown',
  'TracesDropped',
];
/** Alerts that a busy machine causes. */
const OF_THE_MACHINE = ['BreakwaterCpuSaturated', 'BreakwaterEventLoopSlow', 'BreakwaterLatencyHigh'];

describeWithPrometheus('the alerts and the dashboard', { timeout: 120_000 }, () => {
  const keep = keepUntilEnd();
  const traces = new OtlpReceiver();
  let gateways: readonly GatewayProcess[];
  let prometheus: Prometheus;
  beforeAll(async () => {
    const server = createServer(({ url }, res) => {
      if (url === '/500') res.writeHead(500);
      if (url?.includes('/hedged')) setTimeout(() => res.end(), 20);
      else if (url !== '/slow') res.end();
    });
    new WebSocketServer({ server }).on('connection', (peer) => peer.on('error', () => {}));
    const upstream = await listen(server, keep);
    const closed = await closedPort(keep);
    const receiver = await listen(traces.server, keep);
    gateways = [
      await spawnGateway(healthy(upstream, receiver), {}, keep),
      await spawnGateway(failing(upstream, closed), {}, keep),
    ];
    const [fine, bad] = gateways as [GatewayProcess, GatewayProcess];
    prometheus = await Prometheus.start({ healthy: fine.managementUrl, failing: bad.managementUrl }, keep);
    const socket = new WebSocket(fine.url);
    const client = new AbortController();
    const load = setInterval(() => {
      const paths = ['down', '500', 'slow', 'ejecting', 'nowhere', 'limited', 'crowded', 'secured'];
      const urls = paths.map((path) => `${bad.url}/${path}`);
      for (const url of [`${fine.url}/`, `${fine.url}/hedged?${performance.now()}`, ...urls]) {
        fetch(url, { signal: client.signal })
          .then((response) => response.arrayBuffer())
          .catch(() => {});
      }
    }, 100);
    keep(async () => {
      clearInterval(load);
      client.abort();
      socket.terminate();
    });
  }, 120_000);

  it('are accepted by promtool', async () => {
    const { stdout } = await promisify(execFile)('promtool', [
      'check',
      'rules',
      'helm/breakwater/files/alerts.yaml',
    ]);
    expect(stdout).toContain(`SUCCESS: ${alerts.length} rules found`);
  });

  it('have a configuration of Prometheus in the demo that promtool accepts', async () => {
    const file = 'test/demo/compose/prometheus.yaml';
    const { stdout } = await promisify(execFile)('promtool', ['check', 'config', '--syntax-only', file]);
    expect(stdout).toContain('SUCCESS');
  });

  it('fire for the gateway where everything fails, and none for the healthy one', async () => {
    const namesOf = async (job: string) => {
      const fired = (await prometheus.alerts()).filter(({ labels }) => labels['job'] === job);
      return new Set(fired.map(({ labels }) => labels['alertname'] ?? ''));
    };
    const missing = async () => {
      const fired = await namesOf('failing');
      return EXPECTED.filter((name) => !fired.has(`Breakwater${name}`));
    };
    await expect.poll(missing, { timeout: 60_000 }).toEqual([]);
    expect([...(await namesOf('healthy'))].filter((name) => !OF_THE_MACHINE.includes(name))).toEqual([]);
  });

  it('fill in their texts', async () => {
    const texts = (await prometheus.alerts()).flatMap(({ annotations }) => Object.values(annotations));
    expect(texts.filter((text) => /\{\{|<no value>|error/i.test(text))).toEqual([]);
    expect(texts).toContain('No target of upstream down is available.');
  });

  // Commands fail only when Redis stalls while it is connected.
  const withData = panelExpressions.filter(({ expr }) => !expr.includes('redis_failures'));
  it.each(withData)('$place has data', async ({ expr }) => {
    await until(expr, async () => (await prometheus.count(expr)) > 0);
  });

  it.each(alerts)('$place is an expression that Prometheus evaluates', async ({ expr }) => {
    expect(await prometheus.count(expr)).toBeGreaterThanOrEqual(0);
  });

  it('lead to recorded traces by the exemplars of histograms', async () => {
    const ids = await until('exemplars', async () => {
      const found = await prometheus.exemplars('breakwater_request_duration_seconds_bucket{job="healthy"}');
      return found.length > 0 ? found.map((labels) => labels['trace_id']) : undefined;
    });
    await until('the trace of an exemplar', () => traces.spans.some(({ traceId }) => ids.includes(traceId)));
  });

  it('were read from gateways that still run', () => {
    expect(gateways.map(({ process: { child } }) => child.exitCode ?? child.signalCode)).toEqual([
      null,
      null,
    ]);
  });

  it('say that no gateway is left', async () => {
    for (const { process } of gateways) process.kill('SIGKILL');
    await until('BreakwaterDown', async () =>
      (await prometheus.alerts()).some(({ labels }) => labels['alertname'] === 'BreakwaterDown'),
    );
  });
});
