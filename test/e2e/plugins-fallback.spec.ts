import { describe, expect, it } from 'vitest';
import { type AnswerInstead, definePlugin } from '../../src/plugin.js';
import { closedPort } from '../support/closed-port.js';
import { echo, gateway } from '../support/gateway.js';

const yaml = (rest: string) => `
plugins: { probe: { timeout: 50ms } }
upstreams:
  menu: { url: "\${MENU_URL}", retry: { attempts: 0 }, breaker: { consecutiveFailures: 100 }, fallback: { plugin: probe ${rest} } }
  other: { url: "\${OTHER_URL}" }
routes:
  - { id: menu, match: { path: /menu/** }, upstream: menu }
  - { id: other, match: { path: /** }, upstream: other }
`;

async function start(answer: AnswerInstead, rest = '') {
  return gateway(yaml(rest))
    .withEnv({ MENU_URL: await closedPort() })
    .withUpstream('other', echo)
    .withPlugin(definePlugin({ name: 'probe', fallback: () => answer }))
    .start();
}

describe('a fallback that is a plugin', () => {
  it('answers in place of an upstream that has failed', async () => {
    const gw = await start(async ({ upstream, outcome }, { path }) => ({
      status: 200,
      headers: { 'x-why': `${upstream} ${outcome}` },
      body: { path },
    }));
    const response = await gw.fetch('/menu/today');
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'breakwater-fallback': 'plugin',
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
      'x-why': 'menu connect_failed',
    });
    expect(await response.json()).toEqual({ path: '/menu/today' });
  });

  it('is not asked while the upstream answers', async () => {
    const gw = await start(() => ({ status: 200 }));
    const response = await gw.fetch('/1');
    expect(response.headers.has('breakwater-fallback')).toBe(false);
  });

  it('takes precedence over the fixed response, which is used when the plugin returns nothing', async () => {
    const gw = await start(
      ({ outcome }, { query }) => (query === '' ? undefined : { status: 200, body: outcome }),
      ', response: { status: 299 }',
    );
    expect((await gw.fetch('/menu/1?a')).status).toBe(200);
    const fixed = await gw.fetch('/menu/1');
    expect([fixed.status, fixed.headers.get('breakwater-fallback')]).toEqual([299, 'response']);
  });

  it.each<[what: string, reason: string, answer: AnswerInstead]>([
    [
      'throws',
      'error',
      () => {
        throw new Error('boom');
      },
    ],
    ['rejects', 'error', () => Promise.reject(new Error('boom'))],
    ['hangs', 'timeout', () => new Promise<never>(() => undefined)],
    ['returns text', 'result', () => 'no' as never],
    ['returns status 99', 'result', () => ({ status: 99 })],
    ['sets framing', 'result', () => ({ status: 200, headers: { Connection: 'close' } })],
  ])('is skipped when it %s, without an effect on other routes', async (_, reason, answer) => {
    const gw = await start(answer, ', response: { status: 299 }');
    const [response, other] = await Promise.all([gw.fetch('/menu/1'), gw.fetch('/1')]);
    expect([response.status, other.status]).toEqual([299, 200]);
    expect(await response.text()).not.toMatch(/boom|probe/);
    const failures = `breakwater_plugin_failures_total{plugin="probe",kind="fallback",reason="${reason}"}`;
    expect(await gw.metric(failures)).toBe(1);
  });
});
