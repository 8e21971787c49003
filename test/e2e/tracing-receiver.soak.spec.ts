import type { ServerResponse } from 'node:http';
import { expect, it } from 'vitest';
import { closedPort } from '../support/closed-port.js';
import { gateway } from '../support/gateway.js';
import { OtlpReceiver } from '../support/otlp.js';
import { until } from '../support/until.js';

const YAML = `
tracing: { endpoint: "\${OTEL_URL}", sample: 100% }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: users, match: { path: /** }, upstream: users }]`;

/** More than the queue holds. */
const REQUESTS = 1_200;
const QUEUED = 2_048;

/** A receiver that gets requests and never answers. */
const frozen = () => new OtlpReceiver(() => undefined).server;
/** One that answers without end, a byte at a time. */
const trickling = () => {
  const open = new Set<NodeJS.Timeout>();
  const { server } = new OtlpReceiver((res: ServerResponse) => {
    const timer = setInterval(() => res.write('x'), 20);
    open.add(timer);
    res.on('close', () => clearInterval(timer));
  });
  return server.on('close', () => open.forEach((timer) => clearInterval(timer)));
};
const refusing = () => new OtlpReceiver((res) => res.writeHead(401).end()).server;

function start(receiver: ReturnType<typeof frozen> | undefined, env: Record<string, string> = {}) {
  const builder = gateway(YAML)
    .withUpstream('users', (_req, res) => res.end('hello'))
    .withEnv(env);
  return (receiver ? builder.withUpstream('otel', receiver) : builder).start();
}

it.each([
  ['is down', undefined],
  ['never answers', frozen],
  ['never ends its answer', trickling],
  ['refuses spans', refusing],
])('requests are answered while the receiver of traces %s', async (_, receiver) => {
  const gw = await start(receiver?.(), receiver ? {} : { OTEL_URL: await closedPort() });
  for (let i = 0; i < REQUESTS; i += 100) {
    const texts = Array.from({ length: 100 }, async () => (await gw.fetch('/')).text());
    expect(new Set(await Promise.all(texts))).toEqual(new Set(['hello']));
  }
});

it('spans beyond the queue are dropped and counted', async () => {
  const gw = await start(frozen());
  for (let i = 0; i < REQUESTS; i += 100)
    await Promise.all(Array.from({ length: 100 }, async () => (await gw.fetch('/')).text()));
  const dropped = () => gw.metric('breakwater_spans_total{result="queue_full"}');
  // Two for each request. The response of the last ones may have ended before their record does.
  await until('dropped spans', async () => (await dropped()) === 2 * REQUESTS - QUEUED);
});

it('rejected and accepted spans are counted', async () => {
  let isRefusing = true;
  const receiver = new OtlpReceiver((res) => res.writeHead(isRefusing ? 401 : 200).end());
  const gw = await start(receiver.server);
  await gw.fetch('/');
  const count = (result: string) => gw.metric(`breakwater_spans_total{result="${result}"}`);
  expect(await count('exported')).toBe(0);
  await until('refused spans', async () => (await count('export_failed')) === 2);
  isRefusing = false;
  await gw.fetch('/');
  await until('exported spans', async () => (await count('exported')) === 2);
});

it('a gateway ends although the receiver is frozen', async () => {
  const gw = await start(frozen());
  await gw.fetch('/');
  await expect(gw.gateway.close()).resolves.toBeUndefined();
});
