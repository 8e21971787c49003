import { createServer, type ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { listen } from '../support/gateway.js';
import { type GatewayProcess, spawnGateway, temporaryFile } from '../support/process.js';
import { statusOf } from '../support/http.js';
import { until } from '../support/until.js';

/** SIGUSR2 causes an error that nothing catches, or a rejection that nothing handles. */
const FAULTS = {
  uncaughtException: `process.on('SIGUSR2', () => { throw new Error('a fault'); });`,
  unhandledRejection: `process.on('SIGUSR2', () => void Promise.reject(new Error('a fault')));`,
};

async function start(fault: string, shutdown: string) {
  const held: ServerResponse[] = [];
  const url = await listen(
    createServer((req, res) => {
      if (req.url === '/slow') held.push(res);
      else res.end('hello');
    }),
  );
  const options = `--import=${await temporaryFile('fault.mjs', fault)}`;
  const yaml = `
server: { host: 127.0.0.1, port: 0, shutdown: { ${shutdown} } }
management: { port: 0 }
upstreams: { api: { url: "${url}", timeout: 20s } }
routes: [{ id: api, match: { path: /** }, upstream: api }]`;
  const gateway = await spawnGateway(yaml, { NODE_OPTIONS: options });
  return { gateway, held };
}

const isFault = ({ msg }: { msg?: string }) => msg === 'uncaught error';

function faultsOf({ process }: GatewayProcess): number {
  return process.lines.filter((line) => line.includes('"uncaught error"')).length;
}

describe('a gateway process with an uncaught error', () => {
  it.each(Object.entries(FAULTS))('%s: it logs a line, drains, and exits with 1', async (origin, fault) => {
    const { gateway, held } = await start(fault, 'delay: 1s, drain: 20s');
    const inFlight = fetch(`${gateway.url}/slow`);
    await until('the request is at the service', () => held.length === 1);
    gateway.process.kill('SIGUSR2');
    expect(await gateway.process.json(isFault)).toMatchObject({
      level: 'fatal',
      origin,
      err: { message: 'a fault' },
    });
    expect(await statusOf(`${gateway.url}/health/ready`)).toBe(503);
    // New requests are served until load balancers have taken notice.
    expect(await statusOf(`${gateway.url}/hello`)).toBe(200);
    await until('new connections are refused', async () => (await statusOf(gateway.url)) === 'ECONNREFUSED');
    held[0]?.end('at last');
    expect(await (await inFlight).text()).toBe('at last');
    expect(await gateway.process.exited).toBe(1);
    expect(faultsOf(gateway)).toBe(1);
  });

  it('exits after `drain` when a request takes longer', async () => {
    const { gateway, held } = await start(FAULTS.uncaughtException, 'delay: 0s, drain: 300ms');
    const inFlight = statusOf(`${gateway.url}/slow`);
    await until('the request is at the service', () => held.length === 1);
    gateway.process.kill('SIGUSR2');
    await gateway.process.json(isFault);
    expect(await gateway.process.exited).toBe(1);
    expect(await inFlight).toBe('ECONNRESET');
  });

  it('logs at most ten further errors, and exits with 1 after SIGTERM as well', async () => {
    const fault = `process.on('SIGUSR2', () => setInterval(() => { throw new Error('a fault'); }, 1));`;
    const { gateway, held } = await start(fault, 'delay: 0s, drain: 20s');
    const inFlight = fetch(`${gateway.url}/slow`);
    await until('the request is at the service', () => held.length === 1);
    gateway.process.kill('SIGTERM');
    await gateway.process.json(({ msg }) => msg === 'draining');
    gateway.process.kill('SIGUSR2');
    await until('ten errors are logged', () => faultsOf(gateway) === 10);
    held[0]?.end('at last');
    expect((await inFlight).status).toBe(200);
    expect(await gateway.process.exited).toBe(1);
    expect(faultsOf(gateway)).toBe(10);
    expect(JSON.parse(gateway.process.lines.at(-1) ?? '')).toMatchObject({ msg: 'stopped' });
  });
});
