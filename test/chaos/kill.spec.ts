import { expect, it } from 'vitest';
import { metric } from '../support/metrics.js';
import { FALLBACK, ORDER, stageOutage, USER } from '../support/outage.js';
import { spawnUpstream } from '../support/process.js';
import { until } from '../support/until.js';

const ORDERS = { upstream: 'orders' };

it('a killed service affects only its own callers and recovers by itself', { timeout: 180_000 }, async () => {
  const { gateway, orders, load, isOver } = await stageOutage('5s');
  const users = load.users.fromNow();
  const outage = load.orders.fromNow();
  const breaker = () => metric(gateway.managementUrl, 'breakwater_breaker_state', ORDERS);

  orders.process.kill('SIGKILL');
  const opened = await gateway.process.json(
    ({ msg, upstream }) => msg === 'breaker open' && upstream === 'orders',
  );
  expect(opened).toMatchObject({
    level: 'warn',
    from: 'closed',
    to: 'open',
    reason: 'consecutive-failures',
  });
  expect(opened['failures']).toHaveLength(5);

  await until('the breaker is open', async () => (await breaker()) === 2);
  const ask = (url: string) => fetch(url, { headers: { connection: 'close' } });
  for (const base of [gateway.url, gateway.managementUrl]) {
    const get = (path: string) => ask(base + path);
    const health = await get('/health');
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({
      status: 'degraded',
    });
    expect((await get('/health/ready')).status).toBe(200);
    expect((await get('/health/live')).status).toBe(200);
  }
  expect(await (await ask(`${gateway.managementUrl}/health`)).json()).toMatchObject({
    details: { users: { status: 'up' }, orders: { status: 'degraded' } },
  });

  await until('many callers had the fallback', () => outage.count(FALLBACK) > 100);
  // Clients saw only responses from before the kill, and then the fallback.
  expect(outage.answers.filter((answer) => answer !== ORDER)).toEqual([FALLBACK]);

  const again = await spawnUpstream('orders', { port: orders.port });
  await until('the breaker is closed', async () => (await breaker()) === 0);
  const recovered = load.orders.fromNow();
  await until('orders are answered again', () => recovered.total > 50);
  expect(recovered.answers).toEqual([ORDER]);

  await until('users were asked often', () => users.total > 200);
  await isOver(again);
  expect(users.answers).toEqual([USER]);
  expect(
    await metric(gateway.managementUrl, 'breakwater_breaker_transitions_total', { upstream: 'users' }),
  ).toBe(0);
});

it('an open breaker rejects without a call to the service', { timeout: 180_000 }, async () => {
  const { gateway, orders, load } = await stageOutage('5s', '10m');
  const read = (name: string) => metric(gateway.managementUrl, name, ORDERS);
  const calls = () => read('breakwater_upstream_requests_total');
  const rejections = () => read('breakwater_breaker_rejections_total');

  orders.process.kill('SIGKILL');
  await until('the breaker is open', async () => (await read('breakwater_breaker_state')) === 2);
  const since = load.orders.fromNow();
  await until('what was under way has failed', () => since.total > 50);
  const [callsBefore, rejectionsBefore] = [await calls(), await rejections()];
  await until('100 more rejections', async () => (await rejections()) >= rejectionsBefore + 100);
  expect(await calls()).toBe(callsBefore);
});
