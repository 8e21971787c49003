import { beforeAll, describe, expect, it } from 'vitest';
import { keepUntilEnd } from '../support/process.js';
import { until } from '../support/until.js';
import { type RunningExample, startExample } from './run-example.js';

const WHOLE = { account: { id: 'alice', name: 'Alice' }, invoices: { count: 2, total: 200 } };

describe('npm run example bff', { timeout: 300_000 }, () => {
  const keep = keepUntilEnd();
  let example: RunningExample;
  beforeAll(async () => {
    example = await startExample('bff', keep);
  }, 300_000);

  it('answers with one document of two services, from the cache as well', async () => {
    expect((await example.fetch('/overview')).status).toBe(401);
    const overview = await example.asUser('/overview');
    expect([overview.status, await overview.json()]).toEqual([200, WHOLE]);
    await until('it is stored', async () =>
      /hit/.test((await example.asUser('/overview')).headers.get('cache-status') ?? ''),
    );
  });

  it('serves the routes of its configuration', async () => {
    expect(await (await example.asUser('/invoices/1')).json()).toMatchObject({ id: '1', total: 120 });
    expect((await example.asUser('/accounts/alice')).status).toBe(404);
  });

  it('has an overview while services are frozen, and gets them back', async () => {
    example.signal('invoices', 'SIGSTOP');
    const partial = await until('invoices are missing', async () => {
      const response = await example.asUser('/overview');
      return response.headers.get('breakwater-partial') === 'invoices' ? response : undefined;
    });
    expect([partial.status, await partial.json()]).toEqual([200, { ...WHOLE, invoices: null }]);

    example.signal('accounts', 'SIGSTOP');
    const stale = await example.asUser('/overview');
    expect([stale.status, await stale.json()]).toEqual([200, WHOLE]);

    example.signal('invoices', 'SIGCONT');
    example.signal('accounts', 'SIGCONT');
    await until('both are back', async () => {
      const response = await example.asUser('/overview');
      const cacheStatus = response.headers.get('cache-status') ?? '';
      return !response.headers.has('breakwater-partial') && !cacheStatus.includes('stale');
    });
  });

  it('stops everything', async () => {
    expect(await example.stop()).toEqual({ exitCode: 0, alive: [] });
  });
});
