import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { breakwater, keepUntilEnd, spawnNode, temporaryFile, type TestProcess } from '../support/process.js';
import { until } from '../support/until.js';
import { snippets } from './snippets.js';

const here = (language: string) =>
  snippets(language)
    .filter(({ place }) => place.startsWith('docs/getting-started.md'))
    .map(({ text }) => text);

/** Does what docs/getting-started.md says, in its order. */
describe('docs/getting-started.md', { timeout: 150_000 }, () => {
  const keep = keepUntilEnd();
  const [first = '', withFallback = '', withToken = ''] = here('yaml');
  const [call = '', outage = '', users = ''] = here('sh');
  let file: string;
  let url: string;
  let env: Record<string, string>;
  let service: TestProcess;
  let script: string;

  const startService = async () => {
    service = spawnNode([script], env, keep);
    await until('the service listens', () => service.lines.includes('users listens'));
  };

  const stopService = async () => {
    service.kill('SIGTERM');
    await service.exited;
  };

  /** Runs the commands of a block. @returns what each of them prints */
  const run = async (block: string): Promise<string[]> => {
    const printed: string[] = [];
    for (const line of block.trim().split('\n')) {
      const command = line
        .replace('http://127.0.0.1:8080', url)
        .replace('npx breakwater', `'${process.execPath}' dist/cli.js`)
        .replace('gateway.yaml', file);
      printed.push(
        (await promisify(execFile)('sh', ['-c', command], { env: { ...process.env, ...env } })).stdout,
      );
    }
    return printed;
  };

  beforeAll(async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    free.close();
    env = { USERS_PORT: String(port), PORT: '0', MANAGEMENT_PORT: '0' };
    script = await temporaryFile('users.mjs', here('js')[0] ?? '', keep);
    // The address of the management port is not what this page is about.
    file = await temporaryFile('gateway.yaml', `${first}management: { port: 0 }\n`, keep);
    await startService();
    const gateway = breakwater(['start', '-c', file], env, keep);
    url = String((await gateway.json(({ msg }) => msg === 'listening'))['url']);
  }, 150_000);

  const reload = async (yaml: string, isThere: () => Promise<boolean>) => {
    await writeFile(file, `${yaml}management: { port: 0 }\n`);
    await until('the new configuration is in force', isThere);
  };

  it('forwards a request', async () => {
    const [answer = ''] = await run(call);
    expect(answer).toMatch(/^HTTP\/1\.1 200 .*x-request-id: /is);
    expect(answer).toContain('"path":"/users/1"');
    expect(await (await fetch(`${url}/orders`)).json()).toMatchObject({ status: 404, code: 'no_route' });
  });

  it('survives an outage', async () => {
    await stopService();
    const code = async () => ((await (await fetch(`${url}/users/1`)).json()) as { code: string }).code;
    expect(await code()).toBe('upstream_unreachable');
    await until('the breaker is open', async () => (await code()) === 'breaker_open');

    await reload(withFallback, async () => (await (await fetch(`${url}/users/3`)).text()).includes('away'));
    await startService();
    await until('it works again', async () => (await fetch(`${url}/users/1`)).status === 200);
    await stopService();
    // The stored answer is fresh for a second.
    const [stale = '', fixed = ''] = await until('it is stale', async () => {
      const answers = await run(outage);
      return answers[0]?.includes('stale') ? answers : undefined;
    });
    expect(stale).toMatch(/^HTTP\/1\.1 200 .*age: .*"path":"\/users\/1"/is);
    expect(fixed).toMatch(/^HTTP\/1\.1 503 .*Users are away/is);
    await startService();
    await until('it is back', async () => (await fetch(`${url}/users/2`)).status === 200);
  });

  it('tells the service who calls', async () => {
    await reload(withToken, async () => (await fetch(`${url}/users/1`)).status === 401);
    const [refused = '', known = ''] = await run(users);
    expect(refused).toMatch(/^HTTP\/1\.1 401 /);
    expect(known).toMatch(/^HTTP\/1\.1 200 .*"user":"alice"/is);
  });
});
