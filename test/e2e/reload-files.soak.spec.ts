import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { breakwater, type GatewayProcess, spawnGateway, temporaryFile } from '../support/process.js';

/** A gateway that answers `path` from an upstream that does not exist, so that a route is a 502 and no route a 404. */
const yamlFor = (path: string, rest = '') => `
server: { port: 0, shutdown: { delay: 0s, drain: 1s } }
management: { port: 0 }
upstreams: { users: { url: "http://127.0.0.1:1" } }
routes: [{ id: users, match: { path: ${path} }, upstream: users }]
${rest}
`;

const status = async ({ url }: Pick<GatewayProcess, 'url'>, path: string) => (await fetch(url + path)).status;

const reloaded = ({ process }: GatewayProcess, revision: number) =>
  process.json((line) => line.msg === 'configuration reloaded' && line['revision'] === revision);

describe('a changed file takes effect', () => {
  it('after a write in place', async () => {
    const gateway = await spawnGateway(yamlFor('/old'));
    expect([await status(gateway, '/old'), await status(gateway, '/new')]).toEqual([502, 404]);
    await writeFile(gateway.file, yamlFor('/new'));
    expect(await reloaded(gateway, 2)).toMatchObject({
      cause: 'file',
      routes: { added: [], changed: ['users'], removed: [] },
      upstreams: { added: [], changed: [], removed: [] },
      sections: [],
    });
    expect([await status(gateway, '/old'), await status(gateway, '/new')]).toEqual([404, 502]);
  });

  it('after an editor has renamed a new file to it, twice', async () => {
    const gateway = await spawnGateway(yamlFor('/one'));
    for (const [revision, path] of [
      [2, '/two'],
      [3, '/three'],
    ] as const) {
      await writeFile(`${gateway.file}~`, yamlFor(path));
      await rename(`${gateway.file}~`, gateway.file);
      await reloaded(gateway, revision);
      expect(await status(gateway, path)).toBe(502);
    }
  });

  it('after Kubernetes has swapped the link `..data`', async () => {
    const folder = dirname(await temporaryFile('unused', ''));
    const publish = async (version: string, path: string) => {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'gateway.yaml'), yamlFor(path));
      await symlink(version, join(folder, '..data_tmp'));
      await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    await publish('..2026_1', '/old');
    const file = join(folder, 'gateway.yaml');
    await symlink('..data/gateway.yaml', file);
    const process = breakwater(['start', '-c', file]);
    const { url } = await process.json(({ msg }) => msg === 'listening');
    const gateway = { process, url: String(url), managementUrl: '' };
    await publish('..2026_2', '/new');
    await reloaded(gateway, 2);
    expect(await status(gateway, '/new')).toBe(502);
  });

  it('when a file that it refers to changes, such as a secret', async () => {
    const secret = await temporaryFile('token', 'first');
    const gateway = await spawnGateway(
      yamlFor('/old').replace('port: 0 }', `port: 0, token: "\${file:${secret}}" }`),
    );
    const ask = async (token: string) =>
      (
        await fetch(`${gateway.managementUrl}/admin/config`, {
          headers: { authorization: `Bearer ${token}` },
        })
      ).status;
    expect([await ask('first'), await ask('second')]).toEqual([200, 401]);
    await writeFile(secret, 'second');
    expect(await reloaded(gateway, 2)).toMatchObject({ sections: ['management'] });
    expect([await ask('first'), await ask('second')]).toEqual([401, 200]);
    expect(gateway.process.lines.join()).not.toMatch(/first|second/);
  });

  it('at SIGHUP, and through the admin API', async () => {
    const gateway = await spawnGateway(yamlFor('/one'));
    const reload = () =>
      fetch(`${gateway.managementUrl}/admin/config/reload`, {
        method: 'POST',
        headers: { 'X-Breakwater-Action': '1' },
      });
    gateway.process.kill('SIGHUP');
    await gateway.process.json(({ msg, cause }) => msg === 'configuration unchanged' && cause === 'signal');
    await writeFile(gateway.file, yamlFor('/two'));
    expect(await (await reload()).json()).toMatchObject({ revision: 2, lastReload: { cause: 'admin' } });
    expect(await status(gateway, '/two')).toBe(502);
    expect(await (await reload()).json()).toMatchObject({ revision: 2, lastReload: { result: 'unchanged' } });
  });
});

it('lists settings that need a restart, and keeps the old values', async () => {
  const gateway = await spawnGateway(yamlFor('/one'));
  const changed = yamlFor('/one', 'redis: { url: "redis://127.0.0.1:1" }').replace('port: 0,', 'port: 8099,');
  await writeFile(gateway.file, changed);
  const restartFor = ['server.port', 'redis'];
  expect(await gateway.process.json(({ msg }) => msg === 'settings wait for a restart')).toMatchObject({
    settings: restartFor,
  });
  const admin = async () => (await fetch(`${gateway.managementUrl}/admin/config`)).json();
  expect(await admin()).toMatchObject({ revision: 1, restartFor });
  const metrics = await (await fetch(`${gateway.managementUrl}/metrics`)).text();
  expect(metrics).toContain('breakwater_config_restart_required 2');
  expect(await status(gateway, '/one')).toBe(502);
  // Another change is put in force all the same.
  await writeFile(gateway.file, changed.replace('/one', '/two'));
  await reloaded(gateway, 2);
  expect(await admin()).toMatchObject({ revision: 2, restartFor });
  expect(await status(gateway, '/two')).toBe(502);
});
