import { expect, it } from 'vitest';
import { browserOnce, describeWithBrowser } from '../support/browser.js';
import { expectText } from '../support/dashboard.js';
import { gateway } from '../support/gateway.js';

const YAML = `
management: { token: operators-only-token }
upstreams: { api: { url: "\${API_URL}" } }
routes: [{ id: api, match: { path: /** }, upstream: api }]`;

describeWithBrowser('an action on the dashboard', { timeout: 60_000 }, () => {
  const open = browserOnce();

  it('isolates an upstream for a reason, and releases it again', async () => {
    const gw = await gateway(YAML)
      .withUpstream('api', (_req, res) => res.end('answer'))
      .start();
    const dashboard = await open(gw.gateway.managementUrl, {
      httpCredentials: { username: 'alice', password: 'operators-only-token' },
    });
    const { page } = dashboard;
    await page.locator('#rows button', { hasText: 'api' }).click();
    await page.locator('#details button', { hasText: 'Isolate…' }).click();
    await page.locator('#act button', { hasText: 'Isolate' }).click();
    expect(await page.locator('#act').isVisible(), 'a reason is required').toBe(true);
    expect((await gw.fetch('/')).status).toBe(200);
    await page.locator('#reason').fill('bad release');
    await page.locator('#act button', { hasText: 'Isolate' }).click();
    await expectText(dashboard, '#headline', '1 down of 1 upstream.');
    expect((await gw.fetch('/')).status).toBe(503);
    await page.locator('#details button', { hasText: 'Close' }).first().click();
    await expectText(dashboard, '#incidents', /Isolated by an operator since .*“bad release”/);
    await expectText(dashboard, '#incidents', /The isolation ends in (10 min|9 min \d+ s)/);
    await expectText(dashboard, '#events', /api Operator breaker\.isolate of api for 10 min 0 s by alice/);
    const headers = { Authorization: 'Bearer operators-only-token' };
    const audit = await (await gw.management('/admin/audit', { headers })).json();
    expect(JSON.stringify(audit)).toContain('bad release');

    await page.locator('#incidents button', { hasText: 'Release…' }).click();
    await page.locator('#reason').fill('fixed');
    await page.locator('#act button', { hasText: 'Release' }).click();
    await expectText(dashboard, '#events', /by alice .*“fixed”/);
    expect((await gw.fetch('/')).status).toBe(200);
    await expectText(dashboard, '#events', 'api Breaker closed');
    expect(dashboard.errors).toEqual([]);
  });
});
