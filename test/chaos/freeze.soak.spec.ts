import { expect, it } from 'vitest';
import { metric } from '../support/metrics.js';
import { FALLBACK, ORDER, stageOutage, USER } from '../support/outage.js';
import { until } from '../support/until.js';

const ORDERS = { upstream: 'orders' };
const DEADLINE_MS = 1_500;

it(
  'a frozen service costs its callers one deadline and affects no other service',
  { timeout: 180_000 },
  async () => {
    const { gateway, orders, load, isOver } = await stageOutage(`${DEADLINE_MS}ms`);
    const read = (name: string, labels = {}) => metric(gateway.managementUrl, name, { ...ORDERS, ...labels });
    const users = load.users.fromNow();
    const outage = load.orders.fromNow();

    orders.process.kill('SIGSTOP');
    const opened = await gateway.process.json(
      ({ msg, upstream }) => msg === 'breaker open' && upstream === 'orders',
    );
    expect(opened).toMatchObject({ from: 'closed', reason: 'consecutive-failures' });
    const failures = opened['failures'] as { outcome: string }[];
    expect(failures.map(({ outcome }) => outcome)).toEqual(Array(5).fill('deadline'));

    await until('the breaker is open', async () => (await read('breakwater_breaker_state')) === 2);
    for (const path of ['/health', '/health/ready']) {
      const response = await fetch(gateway.url + path, { headers: { connection: 'close' } });
      expect(response.status).toBe(200);
    }

    // Its trials hang as well, so that only the trial calls wait.
    const trials = { from: 'half-open', to: 'open', reason: 'trial-failed' };
    const failedTrials = () => read('breakwater_breaker_transitions_total', trials);
    const calls = () => read('breakwater_upstream_requests_total');
    await until('a trial failed', failedTrials);
    const [rejected, beside] = [load.orders.fromNow(), load.users.fromNow()];
    const [failedBefore, callsBefore] = [await failedTrials(), await calls()];
    await until('two more trials failed', async () => (await failedTrials()) >= failedBefore + 2);
    const [callsMore, failedMore] = [(await calls()) - callsBefore, (await failedTrials()) - failedBefore];
    // Both services have as many clients at the same pace, so that users is not delayed more than orders.
    expect(beside.total).toBeGreaterThan(rejected.total / 4);
    expect(outage.answers.filter((answer) => answer !== ORDER)).toEqual([FALLBACK]);
    expect(rejected.answers).toEqual([FALLBACK]);
    // Calls other than trials were rejected without a call. One trial may be between its two counts.
    expect(callsMore).toBeLessThanOrEqual(failedMore + 1);
    expect(rejected.total).toBeGreaterThan(10 * callsMore);

    orders.process.kill('SIGCONT');
    await until('the breaker is closed', async () => (await read('breakwater_breaker_state')) === 0);
    const recovered = load.orders.fromNow();
    await until('orders are answered again', () => recovered.total > 50);
    expect(recovered.answers).toEqual([ORDER]);

    await until('users were asked often', () => users.total + beside.total > 200);
    await isOver();
    expect([users.answers, beside.answers]).toEqual([[USER], [USER]]);
  },
);
