import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { cli } from '../support/cli.js';
import { listen } from '../support/gateway.js';
import { breakwater, spawnGateway, temporaryFile } from '../support/process.js';

const BROKEN = `server:
  port: eighty
  shutdwon: { delay: 1s }
management: { port: 0 }
upstreams:
  users:
    url: http://127.0.0.1:9
    timeout: 3 parsecs
  orders:
    url: \${ORDERS_URL}
routes:
  - id: users
    match: { path: /users/** }
    upstream: uesrs
`;

const ANY_PORTS = 'server: { host: 127.0.0.1, port: 0, shutdown: { delay: 0s } }\nmanagement: { port: 0 }';

/** Nothing listens on the port of its upstream. */
const ONE_ROUTE = `
upstreams: { users: { url: http://127.0.0.1:9 } }
routes: [{ id: users, match: { path: /users/** }, upstream: users }]
`;

/** A stack has lines such as `    at run (file:///...)`. */
const STACK = /^\s+at /m;

describe('breakwater start', { timeout: 60_000 }, () => {
  it('exits with 1 and lists every problem of a broken configuration with its position', async () => {
    const file = await temporaryFile('gateway.yaml', BROKEN);
    const { code, stdout, stderr } = await cli(['start', '-c', file]);

    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr.trimEnd().split(/\n(?: .*\n)*/)).toEqual([
      expect.stringContaining(`${file}:2:9 server.port: found "eighty", expected a port from 0 to 65535`),
      expect.stringContaining(
        `${file}:3:3 server.shutdwon: unknown key "shutdwon"; did you mean \`shutdown\`?`,
      ),
      expect.stringContaining(`${file}:8:14 upstreams.users.timeout: found "3 parsecs", expected a duration`),
      expect.stringContaining(
        `${file}:10:10 upstreams.orders.url: environment variable ORDERS_URL is not set`,
      ),
      expect.stringContaining(`${file}:14:15 routes[0].upstream: found "uesrs"`),
      '',
      `5 problems in ${file}; nothing was started.`,
    ]);
  });

  it('exits with 1 and the position of a YAML error', async () => {
    const file = await temporaryFile('gateway.yaml', 'routes: [1\nupstreams: {');
    const { code, stdout, stderr } = await cli(['start', '-c', file]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/gateway\.yaml:1:9 found a \[ that is never closed/);
    expect(stderr).not.toMatch(STACK);
  });

  it.each([
    ['a file that is not there', '/nonexistent/gateway.yaml', 'no such file'],
    ['a folder', '/', 'it is a directory'],
  ])('exits with 1 and the reason for %s', async (_, file, reason) => {
    const { code, stdout, stderr } = await cli(['start', '-c', file]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`${file}:1:1 cannot read the configuration: ${reason}`);
    expect(stderr).not.toMatch(STACK);
  });

  it('is found alive by `health` with the same configuration, where MANAGEMENT_HOST opens the port', async () => {
    const yaml = 'server: { host: 127.0.0.1, port: 0 }\nmanagement: { port: "${PORT}" }';
    const env = {
      GATEWAY_CONFIG: await temporaryFile('gateway.yaml', `${yaml}\n${ONE_ROUTE}`),
      MANAGEMENT_HOST: '0.0.0.0',
    };
    const gateway = breakwater(['start'], { ...env, PORT: '0' });
    const { managementUrl } = await gateway.json(({ msg }) => msg === 'listening');
    const { port } = new URL(String(managementUrl));
    expect(await cli(['health'], { ...env, PORT: port })).toMatchObject({ code: 0, stderr: '' });
    // Every loopback address is this host, and only a port that is open on all of them answers here.
    expect((await fetch(`http://127.0.0.2:${port}/health`)).status).toBe(200);

    gateway.kill('SIGKILL');
    await gateway.exited;
    const { code, stderr } = await cli(['health'], { ...env, PORT: port });
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining(`127.0.0.1:${port}/health/live: ECONNREFUSED`),
    ]);
  });

  it('reads gateway.yaml by default and the file in GATEWAY_CONFIG', async () => {
    const byDefault = await cli(['start']);
    expect([byDefault.code, byDefault.stderr]).toEqual([1, expect.stringContaining('gateway.yaml:1:1 ')]);
    const byEmpty = await cli(['start'], { GATEWAY_CONFIG: '' });
    expect(byEmpty).toEqual(byDefault);
    const byVariable = await cli(['start'], { GATEWAY_CONFIG: '/nonexistent/other.yaml' });
    expect([byVariable.code, byVariable.stderr]).toEqual([
      1,
      expect.stringContaining('/nonexistent/other.yaml:1:1 '),
    ]);
  });

  it.each([
    ['server', (port: string) => `server: { host: 127.0.0.1, port: ${port} }\nmanagement: { port: 0 }`],
    ['management', (port: string) => `server: { host: 127.0.0.1, port: 0 }\nmanagement: { port: ${port} }`],
  ])('exits with 1 and reports that the port of %s is in use', async (section, yaml) => {
    const { port } = new URL(await listen(createServer()));
    const { code, stdout, stderr } = await cli([
      'start',
      '-c',
      await temporaryFile('gateway.yaml', `${yaml(port)}\n${ONE_ROUTE}`),
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain(`Port ${port} on 127.0.0.1 is in use.`);
    expect(stderr).toContain(`${section}.port`);
    expect(stderr).not.toMatch(STACK);
    // The error is printed only once.
    expect(stdout).toBe('');
  });

  it('exits with 1 and reports that a host has no address', async () => {
    const yaml = `server: { host: gateway.invalid, port: 0 }\nmanagement: { port: 0 }\n${ONE_ROUTE}`;
    const { code, stderr } = await cli(['start', '-c', await temporaryFile('gateway.yaml', yaml)]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^No address was found for gateway\.invalid .*Set server\.host/);
    expect(stderr).not.toMatch(STACK);
  });

  // A documentation address and a link-local address without a zone, on which no machine can listen.
  it.each(['203.0.113.1', 'fe80::1'])(
    'exits with 1 and reports that it cannot listen on %s',
    async (host) => {
      const yaml = `server: { host: "${host}", port: 0 }\nmanagement: { port: 0 }\n${ONE_ROUTE}`;
      const { code, stderr } = await cli(['start', '-c', await temporaryFile('gateway.yaml', yaml)]);
      expect(code).toBe(1);
      expect(stderr).toContain(host);
      expect(stderr).toContain('server.host');
      expect(stderr).not.toMatch(STACK);
    },
  );

  it('starts although its upstream cannot be reached', async () => {
    const gateway = await spawnGateway(`${ANY_PORTS}\n${ONE_ROUTE}`);
    expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(200);
    expect((await fetch(`${gateway.url}/users/1`)).status).toBe(502);
    expect(gateway.process.stderr).toBe('');
  });

  it('is not ended by SIGHUP before it listens', async () => {
    // Plugins are loaded while the gateway starts.
    const plugin = `process.kill(process.pid, 'SIGHUP');
      export default { name: 'hangs-up', hooks: () => ({ onRequest: () => undefined }) };`;
    const file = await temporaryFile('hangs-up.mjs', plugin);
    const gateway = await spawnGateway(`${ANY_PORTS}\nplugins: { a: { use: ${file} } }\n${ONE_ROUTE}`);
    expect((await fetch(`${gateway.url}/health/ready`)).status).toBe(200);
  });
});
