import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listen } from '../support/gateway.js';
import { metric } from '../support/metrics.js';
import type { NameAnswer } from '../support/dns-message.js';
import { canChooseNameServer, NameServer } from '../support/name-server.js';
import { until } from '../support/until.js';

const FIRST = '127.0.0.1';
const SECOND = '127.0.0.2';

/** Two servers on one port of two loopback addresses. They close each connection, so that each request needs an address. */
async function twoServers(): Promise<string> {
  const serve = (name: string) =>
    createServer((_req, res) => void res.setHeader('connection', 'close').end(name));
  const { port } = new URL(await listen(serve(FIRST)));
  const second = serve(SECOND);
  await new Promise<void>((resolve) => second.listen(Number(port), SECOND, resolve));
  onTestFinished(() => void second.close());
  return port;
}

const upstreams = (port: string, names: readonly string[]) => `
  server: { host: 127.0.0.1, port: 0 }
  management: { port: 0 }
  upstreams:
    ${names.map((name) => `${name}: { url: "http://${name}.test:${port}", retry: { attempts: 0 }, breaker: { openFor: 2s, maxOpenFor: 2s } }`).join('\n    ')}
  routes:
    ${names.map((name) => `- { id: ${name}, match: { path: /${name} }, upstream: ${name} }`).join('\n    ')}
`;

/** Shortens the refresh of addresses, which is due every four to six seconds. */
const IMPATIENT = `
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (call, ms, ...more) => setTimeout(call, ms >= 4000 && ms <= 6000 ? ms / 20 : ms, ...more);
`;

/** @returns a gateway whose upstreams are the names in `answers` with `.test` */
async function start(answers: Record<string, NameAnswer>, options: string, preload = '') {
  const dns = await NameServer.start((name) => answers[name.replace('.test', '')] ?? 'NXDOMAIN');
  const yaml = upstreams(await twoServers(), Object.keys(answers));
  const gateway = await dns.spawnGateway(yaml, options, IMPATIENT + preload);
  const ask = async (name: string) => {
    const response = await fetch(`${gateway.url}/${name}`);
    const text = await response.text();
    return response.status === 200
      ? text
      : `${response.status} ${(JSON.parse(text) as { code: string }).code}`;
  };
  const asked = (name: string) => dns.asked.get(`${name}.test`) ?? 0;
  const read = (name: string, upstream: string) => metric(gateway.managementUrl, name, { upstream });
  return { gateway, ask, asked, read };
}

describe('a name server', { timeout: 180_000 }, () => {
  it('is ignored while it fails, denies or stays silent, and followed afterwards', async () => {
    const answers: Record<string, NameAnswer> = { users: [FIRST] };
    const { ask, asked, read } = await start(answers, 'timeout:1 attempts:1');
    const failures = () => read('breakwater_dns_failures_total', 'users');
    expect([await ask('users'), await failures()]).toEqual([FIRST, 0]);

    for (const broken of ['SERVFAIL', 'NXDOMAIN', 'silence', []] as const) {
      answers['users'] = broken;
      const before = await failures();
      const seen = new Set<string>();
      await until('it is noticed', async () => {
        seen.add(await ask('users'));
        return (await failures()) > before;
      });
      seen.add(await ask('users'));
      expect({ broken, seen: [...seen] }).toEqual({ broken, seen: [FIRST] });
      expect(await read('breakwater_target_up', 'users')).toBe(1);
    }

    answers['users'] = [SECOND];
    await until('the new address is followed', async () => (await ask('users')) === SECOND);
    const failed = await failures();
    // The name flaps with a TTL of 0: each call reaches one of the two addresses.
    answers['users'] = [FIRST, SECOND];
    await until('both are used', async () => (await ask('users')) === FIRST);
    const before = asked('users');
    answers['users'] = [FIRST];
    await until('it was asked again', () => asked('users') > before);
    await until('the one that is gone is left', async () => {
      return (await ask('users')) === FIRST && (await ask('users')) === FIRST;
    });
    expect([await failures(), await read('breakwater_breaker_transitions_total', 'users')]).toEqual([
      failed,
      0,
    ]);
  });

  it('causes a 502 and then an open breaker while it does not know a name', async () => {
    const answers: Record<string, NameAnswer> = { users: 'NXDOMAIN', orders: [FIRST] };
    const { ask, gateway } = await start(answers, 'timeout:1 attempts:1');
    const seen: string[] = [];
    for (let i = 0; i < 6; i++) seen.push(await ask('users'));
    expect(seen).toEqual([...Array<string>(5).fill('502 upstream_unreachable'), '503 breaker_open']);
    expect(await ask('orders')).toBe(FIRST);
    expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(200);
    answers['users'] = [SECOND];
    await until('it is answered', async () => (await ask('users')) === SECOND, 30_000);
  });
});

const READS_A_FILE = `
  import { readFile } from 'node:fs';
  process.on('SIGUSR2', () => readFile('package.json', () => console.log(JSON.stringify({ msg: 'has read' }))));
`;

// Only the system's resolver blocks threads.
describe.runIf(canChooseNameServer)('names that the name server never answers', { timeout: 180_000 }, () => {
  it('cost only their own callers a connectTimeout and block no threads', async () => {
    const lost = ['a', 'b', 'c', 'd', 'e', 'f'];
    const answers: Record<string, NameAnswer> = { users: [FIRST] };
    for (const name of lost) answers[name] = 'silence';
    const { ask, asked, gateway } = await start(answers, 'timeout:20 attempts:1', READS_A_FILE);
    expect(await ask('users')).toBe(FIRST);

    const callers = lost.map((name) => ask(name));
    await until('some are asked for', () => lost.filter((name) => asked(name) > 0).length >= 2);
    expect(await ask('users')).toBe(FIRST);
    gateway.process.kill('SIGUSR2');
    await gateway.process.json(({ msg }) => msg === 'has read');
    expect(await Promise.all(callers)).toEqual(lost.map(() => '502 upstream_unreachable'));
    // Two look-ups still hang, which leaves two threads.
    expect(lost.filter((name) => asked(name) > 0)).toHaveLength(2);
    expect(await ask('users')).toBe(FIRST);
  });
});
