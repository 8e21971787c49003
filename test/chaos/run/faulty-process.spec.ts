import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/until.js';
import type { FaultyProcess } from './faulty-process.js';
import { startService } from './services.js';

const started: FaultyProcess[] = [];
afterEach(async () => {
  for (const process of started.splice(0)) await process.kill();
});

async function live() {
  const service = await startService('live');
  started.push(service);
  return service;
}

/** @returns the status, or the name of the error without a response in time */
const answerOf = ({ port }: FaultyProcess, within = 20_000) =>
  fetch(`http://127.0.0.1:${port}/health`, {
    headers: { connection: 'close' },
    signal: AbortSignal.timeout(within),
  }).then(
    ({ status }) => status,
    (error: Error) => error.name,
  );

describe('FaultyProcess', () => {
  it('is gone after a kill, and serves the same port after the next start', async () => {
    const service = await live();
    const { pid } = service;
    await service.kill();
    expect(service.pid).toBeUndefined();
    expect(await answerOf(service)).toBe('TypeError');

    await service.start();
    await until('it answers', async () => (await answerOf(service)) === 200);
    expect(service.pid).not.toBe(pid);
  });

  it('accepts connections and says nothing while it is frozen', async () => {
    const service = await live();
    await until('it answers', async () => (await answerOf(service)) === 200);
    service.freeze();
    expect(await answerOf(service, 300)).toBe('TimeoutError');
    service.thaw();
    await until('it answers again', async () => (await answerOf(service)) === 200);
  });

  it('ends when it is killed while it is frozen', async () => {
    const service = await live();
    service.freeze();
    await service.kill();
    expect(service.pid).toBeUndefined();
  });
});
