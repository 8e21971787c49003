import { beforeAll, expect, it } from 'vitest';
import { keepUntilEnd } from '../support/process.js';
import { describeWithRedis } from '../support/redis.js';
import { until } from '../support/until.js';
import { type RunningExample, startExample } from './run-example.js';

describeWithRedis('npm run example microservices-redis', { timeout: 300_000 }, () => {
  const keep = keepUntilEnd();
  let example: RunningExample;
  beforeAll(async () => {
    example = await startExample('microservices-redis', keep);
  }, 300_000);

  it('stores a response for both gateways', async () => {
    expect(example.urls).toHaveLength(2);
    await example.fetch('/products');
    await until('the second gateway has it', async () => {
      const { headers } = await fetch(`${String(example.urls[1])}/products`);
      return headers.get('cache-status')?.includes('hit');
    });
  });

  it('hides failures that a second try mends', async () => {
    for (let i = 0; i < 9; i++) expect((await example.fetch('/prices/1')).status).toBe(200);
  });

  it('makes a page of two services, and one without the price when that is frozen', async () => {
    const page = () => example.fetch('/pages/product/2');
    const product = { id: '2', name: 'Harbour chart' };
    expect(await (await page()).json()).toEqual({ product, price: { price: 200, currency: 'EUR' } });

    example.signal('prices', 'SIGSTOP');
    const partial = await page();
    expect(partial.headers.get('breakwater-partial')).toBe('price');
    expect(await partial.json()).toEqual({ product, price: null });
    expect(await (await example.fetch('/prices/1')).json()).toEqual({
      price: null,
      note: 'Ask us for the price.',
    });

    example.signal('prices', 'SIGCONT');
    await until('prices are back', async () => !(await page()).headers.has('breakwater-partial'));
  });

  it('counts the requests of a user at both gateways', async () => {
    const [one, two] = example.urls;
    const statuses: number[] = [];
    for (const url of [one, two, one, two, one, two])
      statuses.push((await example.asUser('/orders', url)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
  });

  it('goes on without Redis', async () => {
    example.signal('redis', 'SIGKILL');
    for (const url of example.urls) {
      expect((await fetch(`${url}/products/1`)).status).toBe(200);
      expect((await fetch(`${url}/prices/1`)).status).toBe(200);
    }
  });

  it('stops everything', async () => {
    expect(await example.stop()).toEqual({ exitCode: 0, alive: [] });
  });
});
