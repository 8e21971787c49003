import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { metric } from '../support/metrics.js';
import { keepUntilEnd, temporaryFile } from '../support/process.js';
import { until } from '../support/until.js';
import { Container, demoImage, type Engine, gatewayImage, imagesOrReason, startEngine } from './engine.js';

const CONFIG = join(process.cwd(), 'test/demo/gateway.yaml');
const HARDENED = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
/** `server.shutdown` of the configuration has no delay. */
const DRAIN_SECONDS = 5;
const EXIT_SECONDS = 5;

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
}
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lockfile;

const images = await imagesOrReason();
if (typeof images === 'string') console.warn(`The suite of the image is skipped. ${images}`);

describe.skipIf(typeof images === 'string')('the image', { timeout: 120_000 }, () => {
  const keep = keepUntilEnd();
  let engine: Engine;
  let orders: string;
  let gateway: Container;
  let url: string;
  let management: string;

  const runDemo = async (name: string) => {
    const demo = await Container.run(engine, [...HARDENED, demoImage, name, '--port', '3000']);
    return `http://${await demo.inspect('{{.NetworkSettings.Networks.bridge.IPAddress}}')}:3000`;
  };

  beforeAll(async () => {
    if (typeof images === 'string') return;
    engine = await startEngine();
    keep(engine.stop);
    for (const tar of [images.gatewayTar, images.demoTar]) {
      await engine.docker(['load', '--input', tar], { timeout: 180_000 });
    }
    const users = await runDemo('users');
    orders = await runDemo('orders');
    const env = {
      GATEWAY_HOST: '0.0.0.0',
      JWT_SECRET: 'x'.repeat(32),
      USERS_URL: users,
      ORDERS_URL: orders,
    };
    const options = {
      memory: '256m',
      'health-interval': '1s',
      volume: `${CONFIG}:/etc/breakwater/gateway.yaml:ro`,
    };
    gateway = await Container.run(engine, [
      ...HARDENED,
      ...Object.entries(options).map(([name, value]) => `--${name}=${value}`),
      ...[8080, 9090].map((port) => `--publish=127.0.0.1::${port}`),
      ...Object.entries(env).map(([name, value]) => `--env=${name}=${value}`),
      gatewayImage,
    ]);
    url = await gateway.published(8080);
    management = await gateway.published(9090);
    const isReady = () =>
      fetch(`${url}/health/ready`).then(
        ({ status }) => status === 200,
        () => false,
      );
    await until('the gateway is ready', isReady, 90_000);
  }, 400_000);

  async function authorization() {
    const token = await engine.docker(['exec', gateway.id, 'node', 'dist/cli.js', 'token', '--sub', 'alice']);
    return { authorization: `Bearer ${token.trim()}` };
  }

  it('serves the configuration of the demo', async () => {
    const headers = await authorization();
    for (const path of ['/users/1', '/orders/1']) {
      const response = await fetch(url + path, { headers });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ id: '1', servedFor: 'alice' });
    }
  });

  it('runs node itself as process 1, without root, capabilities or a way to get them', async () => {
    const read = (file: string) => `return (await import('node:fs')).readFileSync('/proc/1/${file}', 'utf8')`;
    expect(await gateway.node(read('cmdline'))).toBe('node\0dist/cli.js\0start\0');
    const status = String(await gateway.node(read('status')));
    expect(status).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
    expect(status).toMatch(/^CapEff:\t0+$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
  });

  it('works with a file system that it cannot write to', async () => {
    const write = `return (await import('node:fs/promises')).writeFile('/tmp/x', '').catch(({ code }) => code)`;
    expect(await gateway.node(write)).toBe('EROFS');
  });

  it('is healthy by its own health check, which needs no shell', async () => {
    expect(JSON.parse(await gateway.inspect('{{json .Config.Healthcheck.Test}}'))).toEqual([
      'CMD',
      'node',
      'dist/cli.js',
      'health',
    ]);
    await until(
      'healthy',
      async () => (await gateway.inspect('{{.State.Health.Status}}')) === 'healthy',
      60_000,
    );
  });

  it('serves metrics to other hosts, and no administration without a token', async () => {
    expect((await fetch(`${management}/metrics`)).status).toBe(200);
    expect((await fetch(`${management}/admin/overview`)).status).toBe(401);
  });

  it('limits the heap to half of the memory of the container', async () => {
    const limit = `return (await import('node:v8')).getHeapStatistics().heap_size_limit / 2 ** 20`;
    expect(await gateway.node(limit)).toBeLessThan(160);
  });

  it('contains less than 80 MB besides its base', async () => {
    const sizeOf = async (image: string) =>
      Number(await engine.docker(['image', 'inspect', '--format', '{{.Size}}', image]));
    // The demo image is the base and one file.
    expect((await sizeOf(gatewayImage)) - (await sizeOf(demoImage))).toBeLessThan(80e6);
  });

  it('contains no development dependency', async () => {
    const installed = await gateway.node(
      `const names = (await import('node:fs')).globSync('node_modules/{*,@*/*}/package.json');
       return names.map((name) => name.replace('/package.json', ''))`,
    );
    expect(installed).toContain('node_modules/express');
    expect((installed as string[]).filter((path) => packages[path]?.dev !== undefined)).toEqual([]);
  });

  it('is labelled with its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const label = '{{index .Config.Labels "org.opencontainers.image.version"}}';
    expect(await gateway.inspect(label)).toBe(version);
  });

  it('does not start with a wrong configuration, and says what is wrong', async () => {
    const file = await temporaryFile('gateway.yaml', 'upstreams: 1');
    const mount = ['--volume', `${file}:/etc/breakwater/gateway.yaml:ro`];
    await expect(engine.docker(['run', '--rm', ...HARDENED, ...mount, gatewayImage])).rejects.toThrow(
      /ended with 1:\n.*gateway\.yaml:1:12 upstreams: /s,
    );
  });

  it('finishes the request in flight after SIGTERM, and exits with 0 within its drain', async () => {
    const headers = await authorization();
    await fetch(`${orders}/_demo/slow?ms=1500`, { method: 'POST' });
    const response = fetch(`${url}/orders/1`, { headers });
    await until('a request in flight', () =>
      metric(management, 'breakwater_bulkhead_in_flight', { upstream: 'orders' }),
    );
    // Then it would be killed, and its exit code 137.
    await engine.docker(['stop', '--time', String(DRAIN_SECONDS + EXIT_SECONDS), gateway.id]);
    expect((await response).status).toBe(200);
    expect(await gateway.inspect('{{.State.ExitCode}}')).toBe('0');
  });
});
