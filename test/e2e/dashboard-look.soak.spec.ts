import { createRequire } from 'node:module';
import type { BrowserContextOptions } from 'playwright-core';
import { expect, it } from 'vitest';
import { type BrowserPage, browserOnce, describeWithBrowser } from '../support/browser.js';
import { expectText } from '../support/dashboard.js';
import { gateway } from '../support/gateway.js';
import { isoAt, openReport, pictureOf, refused, transition } from '../support/reports.js';
import { until } from '../support/until.js';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const HOSTILE = '<img src=x onerror="window.harmed = 1">\u202Egnp.evil' + 'w'.repeat(300);

const VIEWS: readonly [string, BrowserContextOptions][] = [
  ['light and wide', { colorScheme: 'light', viewport: { width: 1280, height: 900 } }],
  ['dark and 360 px wide', { colorScheme: 'dark', viewport: { width: 360, height: 780 } }],
];

const upstreams = (ids: readonly string[]) => ids.map((id) => `  ${id}: { url: "\${API_URL}" }`).join('\n');

const start = (yaml: string, management = '{}') =>
  gateway(`
management: ${management}
defaults: { retry: { attempts: 0 }, breaker: { consecutiveFailures: 2, openFor: 1m, maxOpenFor: 1m } }
upstreams:
${yaml}
routes: [{ id: api, match: { path: /** }, upstream: api }]`)
    .withUpstream('api', (req, res) => res.writeHead(req.url === '/fail' ? 500 : 200).end('answer'))
    .start();

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** What axe finds, other than what is minor. */
async function violations({ page }: BrowserPage): Promise<string[]> {
  await page.addScriptTag({ path: AXE });
  const found = await page.evaluate<Violation[]>(
    `axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.filter(({ impact }) => impact !== 'minor'))`,
  );
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 150)).join(' ')}`);
}

describeWithBrowser('the dashboard', { timeout: 60_000 }, () => {
  const open = browserOnce();

  it.each(VIEWS)('is accessible and fits its window: %s', async (_, view) => {
    const gw = await start(upstreams(['api', 'other']));
    await gw.fetch('/fail');
    await gw.fetch('/fail');
    const dashboard = await open(gw.gateway.managementUrl, {
      ...view,
      bypassCSP: true,
      reducedMotion: 'reduce',
    });
    await expectText(dashboard, '#incidents', 'Breaker open');
    expect(await violations(dashboard)).toEqual([]);
    expect(await dashboard.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await dashboard.page.locator('#rows button').first().click();
    await expectText(dashboard, '#details', /Requests.*p99/);
    expect(await violations(dashboard)).toEqual([]);
    await dashboard.page.keyboard.press('Escape');
    await until('the dialog is closed', async () => !(await dashboard.page.locator('#details').isVisible()));
  });

  it('lists 300 upstreams, failing ones first, and searches them', async () => {
    const ids = Array.from({ length: 299 }, (_, i) => `service-${String(i).padStart(3, '0')}`);
    const gw = await start(upstreams([...ids, 'api']));
    await gw.fetch('/fail');
    await gw.fetch('/fail');
    const dashboard = await open(gw.gateway.managementUrl);
    await expectText(dashboard, '#headline', '1 down of 300 upstreams.');
    await expectText(dashboard, '#rows tr:first-child', 'Down api');
    expect(await dashboard.page.locator('#rows tr').count()).toBe(25);
    await dashboard.page.locator('#search').fill('Service-271');
    await expectText(dashboard, '#shown', '1 of 300 upstreams');
    await expectText(dashboard, '#rows', 'OK service-271');
    await dashboard.page.locator('#search').fill('<nothing>');
    await expectText(dashboard, '#empty', 'No upstream and no target has "<nothing>" in its name.');
    expect(dashboard.errors).toEqual([]);
  });

  it('shows hostile texts as text, and they do not break its layout', async () => {
    const gw = await start(upstreams(['api']));
    const dashboard = await open(gw.gateway.managementUrl, { viewport: { width: 360, height: 780 } });
    const failures = [{ ...refused(0), detail: HOSTILE, target: HOSTILE }];
    const { breaker } = openReport('');
    const upstream = openReport(HOSTILE, { breaker: { ...breaker, lastFailures: failures } });
    const { gateway: facts } = pictureOf([]);
    const overview = {
      at: isoAt(5),
      gateway: { ...facts, hash: HOSTILE, reloadError: HOSTILE, restartFor: [HOSTILE] },
      upstreams: [upstream],
      topRoutes: { seconds: 60, routes: [{ route: HOSTILE, requests: 1, errors: 1 }] },
      providers: [{ id: HOSTILE, keys: 'missing', lastFetch: HOSTILE }],
    };
    const by = { name: HOSTILE, peer: HOSTILE };
    const action = {
      kind: 'action',
      id: 'a.9',
      at: isoAt(1),
      upstream: HOSTILE,
      action: HOSTILE,
      reason: HOSTILE,
      by,
    };
    const messages = [
      ['overview', overview],
      ['transition', transition(0, HOSTILE, { failures })],
      ['action', action],
      [
        'reload',
        { kind: 'reload', id: 'a.10', at: isoAt(2), result: 'failed', error: HOSTILE, hash: HOSTILE },
      ],
      ['new-kind', { kind: HOSTILE, id: 'a.11', at: isoAt(3) }],
    ] as const;
    const body = messages.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join('');
    await dashboard.page.route('**/admin/events', (route) =>
      route.fulfill({ body, contentType: 'text/event-stream' }),
    );
    await dashboard.page.reload();
    for (const place of ['#incidents', '#lanes', '#rows', '#routes', '#events', '#failures', '#facts'])
      await expectText(dashboard, place, '<img src=x onerror="window.harmed = 1">\\u202egnp.evil');
    expect(await dashboard.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await dashboard.page.locator('#rows button').click();
    await expectText(dashboard, '#details-title', '<img');
    expect(await dashboard.evaluate('[document.images.length, window.harmed ?? 0]')).toEqual([0, 0]);
    expect(dashboard.errors).toEqual([]);
  });

  it('shows no problem without an upstream', async () => {
    const gw = await gateway('upstreams: {}\nroutes: []').start();
    const dashboard = await open(gw.gateway.managementUrl);
    await expectText(dashboard, '#headline', 'No upstream is configured.');
    await expectText(dashboard, '#empty', 'Add one to the configuration');
  });

  it('accepts the token as the password, and reports when it is no longer valid', async () => {
    const gw = await start(upstreams(['api']), '{ token: first }');
    const dashboard = await open(gw.gateway.managementUrl, {
      httpCredentials: { username: 'alice', password: 'first' },
    });
    await expectText(dashboard, '#connection', 'Live');
    await gw.reload(`management: { token: second }\nupstreams: {}\nroutes: []`);
    gw.gateway['management']?.getHttpServer().closeAllConnections();
    await expectText(dashboard, '#notices', 'Reload the page and enter it as the password.');
  });
});
