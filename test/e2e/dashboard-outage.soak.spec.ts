import { expect, it } from 'vitest';
import { browserOnce, describeWithBrowser } from '../support/browser.js';
import { expectText } from '../support/dashboard.js';
import { Load } from '../support/load.js';
import { spawnGateway, spawnUpstream } from '../support/process.js';

const yaml = (url: string) => `
server: { host: 127.0.0.1, port: 0 }
management: { port: 0 }
defaults: { retry: { attempts: 0 }, breaker: { consecutiveFailures: 3, openFor: 2s, maxOpenFor: 2s } }
upstreams:
  orders:
    url: ${url}
    fallback: { response: { status: 503, body: { message: Orders are resting } } }
routes: [{ id: orders, match: { path: /orders/** }, upstream: orders }]`;

describeWithBrowser('the dashboard during an outage', { timeout: 90_000 }, () => {
  const open = browserOnce();

  it('shows the failure, its start and cause, what callers get, the next trial, and the recovery', async () => {
    const orders = await spawnUpstream('orders');
    const gateway = await spawnGateway(yaml(orders.url));
    const dashboard = await open(gateway.managementUrl);
    await expectText(dashboard, '#headline', 'The upstream is OK.');
    await expectText(dashboard, '#calm', 'No breaker has opened since the gateway started.');
    const load = new Load(`${gateway.url}/orders/1`, { clients: 2, pace: 20 });
    await expectText(dashboard, '#totals', /[1-9][\d.]*\/s/);

    orders.process.kill('SIGKILL');
    await expectText(dashboard, '#headline', '1 down of 1 upstream.');
    const incident = '#incidents article';
    await expectText(dashboard, incident, /Breaker open since \d\d:\d\d:\d\d \(\d+ s\)/);
    await expectText(dashboard, incident, `connection refused at 127.0.0.1:${orders.port}`);
    await expectText(dashboard, incident, /[1-9]\d* of \d+ requests got the fallback \(status 503\)/);
    await expectText(dashboard, incident, /Next trial in \d s\./);
    await expectText(dashboard, '#routes', /^orders [\d.]+ 0 0% /);
    await expectText(dashboard, incident, /\d trials? failed since then/);
    await dashboard.page.selectOption('#kind', 'transition');
    await expectText(dashboard, '#events', /orders Breaker half-open/);
    await dashboard.page.locator('#lanes .band.open').click();
    await expectText(dashboard, '#band', /orders has not been closed since .*connection refused/);

    await spawnUpstream('orders', { port: orders.port });
    await expectText(dashboard, '#headline', 'The upstream is OK.');
    await expectText(dashboard, '#events', 'orders Breaker closed The trial call passed.');
    await load.stop();
    await dashboard.page.locator('#rows button', { hasText: 'orders' }).click();
    await expectText(dashboard, '#details', /Requests.*p99/);
    expect(await dashboard.page.locator('#details .u-over').count()).toBe(2);
    expect(dashboard.errors).toEqual([]);
  });

  it('shows the age of its data while the gateway is down, and reconnects', async () => {
    const port = new URL((await spawnUpstream('users')).url).port;
    const fixed = yaml(`http://127.0.0.1:${port}`);
    const first = await spawnGateway(fixed);
    const dashboard = await open(first.managementUrl);
    await expectText(dashboard, '#connection', 'Live');
    first.process.kill('SIGKILL');
    await expectText(dashboard, '#connection', 'Disconnected');
    await expectText(
      dashboard,
      '#notices',
      /Disconnected since \d\d:\d\d:\d\d: the gateway cannot be reached .* Showing data of \d\d:\d\d:\d\d\. Next attempt in/,
    );
    await expectText(dashboard, '#headline', /^As of \d\d:\d\d:\d\d: The upstream is OK\.$/);
    await first.process.exited;
    const management = `management: { port: ${new URL(first.managementUrl).port} }`;
    await spawnGateway(fixed.replace('management: { port: 0 }', management));
    await expectText(dashboard, '#connection', 'Live');
    await expectText(dashboard, '#notices', /^$/);
    expect(dashboard.errors).toEqual([]);
  });
});
