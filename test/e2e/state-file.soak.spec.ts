import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { breakerOf, outage, stateIn, statusesOf, stop, withStateFile } from '../support/state-file.js';
import { until } from '../support/until.js';

describe('a gateway process with a state file', { timeout: 120_000 }, () => {
  it('still rejects after SIGTERM and a start', async () => {
    const { file, service, spawn } = await withStateFile();
    const before = await spawn();
    await outage(before);
    const { since } = await breakerOf(before);
    expect(await stop(before)).toBe(0);

    const { requests } = service;
    const after = await spawn();
    expect(await statusesOf(after)).toEqual([503, 429]);
    expect(service.requests).toBe(requests);
    expect(await breakerOf(after)).toMatchObject({ state: 'open', since });
    const restored = await after.process.json(({ msg }) => msg === 'state restored');
    expect(restored).toMatchObject({ file, breakers: 1, buckets: 1 });
  });

  it('still rejects after it was killed, from its last written state', async () => {
    const { file, spawn } = await withStateFile();
    const before = await spawn();
    await outage(before);
    await until('both are written', async () => {
      const { breakers, buckets } = await stateIn(file);
      return breakers.length === 1 && buckets.length === 1;
    });
    before.process.kill('SIGKILL');
    await before.process.exited;
    expect(await statusesOf(await spawn())).toEqual([503, 429]);
  });

  it('keeps the state of all workers', async () => {
    const { file, service, spawn } = await withStateFile('workers: 2');
    const before = await spawn();
    await outage(before);
    await until('the limit is used up', async () => (await statusesOf(before))[1] === 429);
    expect(await stop(before)).toBe(0);
    expect(await stateIn(file)).toMatchObject({ breakers: [{ upstream: 'broken' }] });

    const { requests } = service;
    const after = await spawn();
    for (let i = 0; i < 8; i++) expect(await statusesOf(after)).toEqual([503, 429]);
    expect(service.requests).toBe(requests);
    expect(after.process.lines.filter((line) => line.includes('state restored'))).toHaveLength(1);
  });

  it('logs once that its file cannot be written, and once that it can again', async () => {
    const { folder, file, spawn } = await withStateFile();
    await rm(folder, { recursive: true });
    const gateway = await spawn();
    const { reason } = await gateway.process.json(({ msg }) => msg === 'state not written');
    expect(reason).toContain('ENOENT');
    await outage(gateway);
    await mkdir(folder);
    await gateway.process.json(({ msg }) => msg === 'state written again');
    expect(await stateIn(file)).toMatchObject({ breakers: [{ upstream: 'broken' }] });
    expect(await stop(gateway)).toBe(0);
    const { lines } = gateway.process;
    expect(lines.filter((line) => line.includes('state not written'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('state not restored'))).toEqual([]);
  });

  it('logs why it does not restore a file, and does not overwrite a foreign file', async () => {
    const { file, spawn } = await withStateFile();
    await writeFile(file, 'upstreams: {}');
    const gateway = await spawn();
    const line = await gateway.process.json(({ msg }) => msg === 'state not restored');
    expect(line).toMatchObject({ level: 'warn', file, reason: 'another program has written it' });
    await outage(gateway);
    expect(await stop(gateway)).toBe(0);
    expect(await readFile(file, 'utf8')).toBe('upstreams: {}');
  });
});
