import { createServer, type Server } from 'node:http';
import { expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { describeWithHaproxy, freeAddress, haproxy } from '../support/haproxy.js';
import { ask } from '../support/http.js';
import { Load } from '../support/load.js';
import { breakwater, temporaryFile, type TestProcess } from '../support/process.js';
import { until } from '../support/until.js';
import { WebSocketClient, webSocketUpstream } from '../support/websocket.js';

const REPLICAS = 3;

/** Answers at once, slowly, or with the body that it got; and WebSockets. */
function service(): Server {
  const server = createServer((req, res) => {
    if (req.url === '/slow') setTimeout(() => res.end('slow'), 500);
    else if (req.method === 'POST') req.pipe(res);
    else res.end('fast');
  });
  webSocketUpstream(undefined, { server });
  return server;
}

interface Gateway {
  readonly name: string;
  readonly file: string;
  process: TestProcess;
}

async function start(file: string): Promise<TestProcess> {
  const process = breakwater(['start', '-c', file]);
  await process.json(({ msg }) => msg === 'listening');
  return process;
}

describeWithHaproxy(`a rolling restart of ${REPLICAS} replicas behind HAProxy`, () => {
  it('loses no request, and tells WebSockets to reconnect', { timeout: 180_000 }, async () => {
    const url = await listen(service());
    const addresses = await Promise.all(Array.from({ length: REPLICAS }, () => freeAddress()));
    const gateways = await Promise.all(
      addresses.map(async ({ host, port }, n): Promise<Gateway> => {
        const yaml = `
server: { host: ${host}, port: ${port}, shutdown: { delay: 3s, drain: 10s } }
management: { port: 0 }
upstreams: { service: { url: "${url}" } }
routes: [{ id: service, match: { path: /** }, upstream: service, websocket: true }]
`;
        const file = await temporaryFile('gateway.yaml', yaml);
        return { name: `gateway-${n}`, file, process: await start(file) };
      }),
    );
    const balancer = await haproxy(addresses);
    const loads = [
      new Load(`${balancer.url}/fast`, { clients: 8, pace: 5 }),
      new Load(`${balancer.url}/slow`, { clients: 8, pace: 5 }),
      new Load(`${balancer.url}/echo`, { clients: 8, pace: 5, body: 'once' }),
    ];
    const tallies = loads.map((load) => load.fromNow());
    const sockets = await Promise.all(gateways.map(() => WebSocketClient.open(balancer.url)));
    for (const gateway of gateways) {
      gateway.process.kill('SIGTERM');
      expect(await gateway.process.exited).toBe(0);
      gateway.process = await start(gateway.file);
      await until(`${gateway.name} is up`, async () => (await balancer.up()).includes(gateway.name));
    }
    await Promise.all(loads.map((load) => load.stop()));
    expect(tallies.map(({ answers }) => answers)).toEqual([['200 fast'], ['200 slow'], ['200 once']]);
    for (const tally of tallies) expect(tally.total).toBeGreaterThan(100);
    expect(sockets.map(({ closed }) => closed?.code)).toEqual(gateways.map(() => 1001));
    expect((await ask(balancer.url)).status).toBe(200);
  });
});
