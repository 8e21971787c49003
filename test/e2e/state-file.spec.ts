import { execFileSync } from 'node:child_process';
import { mkdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { gateway, type RunningGateway } from '../support/gateway.js';
import { breakerOf, outage, stateIn, statusesOf, withStateFile } from '../support/state-file.js';

it('a gateway with a state file still rejects after a restart, and reports since when', async () => {
  const { file, yaml, service } = await withStateFile();
  const before = await gateway(yaml).start();
  await outage(before.gateway);
  expect(await statusesOf(before.gateway)).toEqual([503, 429]);
  const { since } = await breakerOf(before.gateway);
  await end(before);
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  const { requests } = service;
  const after = await gateway(yaml).start();
  expect(await statusesOf(after.gateway)).toEqual([503, 429]);
  expect(service.requests).toBe(requests);
  const opened = { state: 'open', reason: 'consecutive-failures', since };
  expect(await breakerOf(after.gateway)).toMatchObject(opened);
  const timeline = await after.management('/admin/upstreams/broken/timeline');
  const events = [{ kind: 'transition', to: 'open', reason: 'consecutive-failures' }];
  expect(await timeline.json()).toMatchObject({ events });
});

it('a gateway with a state file keeps an isolation until an operator ends it', async () => {
  const { yaml } = await withStateFile();
  const act = async (gw: RunningGateway, action: string) => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ reason: 'a test' });
    const path = `/admin/breakers/broken/${action}`;
    expect((await gw.management(path, { method: 'POST', headers, body })).status).toBe(200);
  };
  const before = await gateway(yaml).start();
  await act(before, 'isolate');
  await end(before);

  const after = await gateway(yaml).start();
  expect(await breakerOf(after.gateway)).toMatchObject({ reason: 'manual', isolatedFor: null });
  await act(after, 'close');
  await end(after);

  const last = await gateway(yaml).start();
  expect(await breakerOf(last.gateway)).toMatchObject({ state: 'closed' });
});

it('a gateway with a state file lets a trial through when the open time is over', async () => {
  const { yaml, file, service } = await withStateFile();
  const before = await gateway(yaml).start();
  await outage(before.gateway);
  await end(before);
  const state = await stateIn(file);
  await writeFile(file, JSON.stringify({ ...state, at: '2026-01-01T00:00:00.000Z' }));

  const { requests } = service;
  const after = await gateway(yaml).start();
  expect(await statusesOf(after.gateway)).toEqual([500, 200]);
  expect(service.requests).toBe(requests + 2);
  expect(await breakerOf(after.gateway)).toMatchObject({ state: 'open', reason: 'trial-failed' });
});

it('a gateway starts without state and replaces the file when it is damaged', async () => {
  const { yaml, file } = await withStateFile();
  const before = await gateway(yaml).start();
  await outage(before.gateway);
  await end(before);
  const text = await readFile(file, 'utf8');
  const damaged = [
    '',
    text.slice(0, 10),
    text.slice(0, -10),
    text.replace('/1"', '/2"'),
    text.replace('[{', '[null,{'),
    text.replace('"broken"', '"__proto__"'),
  ];
  for (const each of damaged) {
    await writeFile(file, each);
    const gw = await gateway(yaml).start();
    expect((await breakerOf(gw.gateway))['state']).toBe('closed');
    await end(gw);
    expect(await stateIn(file)).toMatchObject({ breakers: [] });
  }
});

it('a gateway does not overwrite a file that is not a state file', async () => {
  const { yaml, file } = await withStateFile();
  const start = async () => {
    const gw = await gateway(yaml).start();
    expect((await breakerOf(gw.gateway))['state']).toBe('closed');
    await end(gw);
  };
  await writeFile(file, 'upstreams: {}');
  await start();
  expect(await readFile(file, 'utf8')).toBe('upstreams: {}');
  await truncate(file, 100 * 1024 * 1024);
  await start();
  expect((await stat(file)).size).toBe(100 * 1024 * 1024);
});

it.each(['a folder', 'a pipe', 'a link to itself'])(
  'a gateway starts with %s as state file',
  async (what) => {
    const { yaml, file } = await withStateFile();
    if (what === 'a folder') await mkdir(file);
    else if (what === 'a pipe') execFileSync('mkfifo', [file]);
    else await symlink(file, file);
    const gw = await gateway(yaml).start();
    expect((await breakerOf(gw.gateway))['state']).toBe('closed');
    await end(gw);
  },
);

async function end({ gateway: running }: RunningGateway): Promise<void> {
  await running.shutdown({ delay: 0, drain: 1_000 });
}
