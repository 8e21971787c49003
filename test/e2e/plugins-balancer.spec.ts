import { describe, expect, it } from 'vitest';
import { type BalancerCall, definePlugin, type PickTarget } from '../../src/plugin.js';
import { closedPort } from '../support/closed-port.js';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';

const yaml = (retry = '{ attempts: 0 }') => `
plugins: { probe: {} }
upstreams:
  users: { targets: [{ url: "\${FIRST_URL}" }, { url: "\${SECOND_URL}" }], balancer: probe, retry: ${retry} }
  other: { targets: [{ url: "\${FIRST_URL}" }, { url: "\${SECOND_URL}" }] }
routes:
  - { id: users, match: { path: /users/** }, upstream: users }
  - { id: other, match: { path: /** }, upstream: other }
`;

const probe = (pick: PickTarget) => definePlugin({ name: 'probe', balancer: () => pick });
const named = (name: string) => recording((_req, res) => void res.end(name));

function start(pick: PickTarget) {
  return gateway(yaml())
    .withUpstream('first', named('first').handler)
    .withUpstream('second', named('second').handler)
    .withPlugin(probe(pick))
    .start();
}

describe('a balancer that is a plugin', () => {
  it('can choose a target by the request', async () => {
    const calls: BalancerCall[] = [];
    const gw = await start((targets, call) => {
      calls.push(call);
      return call.header('x-Side') === 'second' ? targets[1] : targets[0];
    });
    for (const side of ['first', 'second', 'first']) {
      const response = await gw.fetch('/users/1?a', { headers: { 'X-Side': side } });
      expect(await response.text()).toBe(side);
    }
    expect(calls[0]).toMatchObject({ upstream: 'users', method: 'GET', path: '/users/1?a' });
    expect(calls[0]?.header('x-missing')).toBeUndefined();
  });

  it('is not offered a target that has failed the request', async () => {
    const offered: string[][] = [];
    const gw = await gateway(yaml('{ attempts: 1, backoff: { base: 1ms } }'))
      .withEnv({ FIRST_URL: await closedPort() })
      .withUpstream('second', named('second').handler)
      .withPlugin(
        probe((targets) => {
          offered.push(targets.map(({ url }) => url));
          return targets[0];
        }),
      )
      .start();
    const response = await gw.fetch('/users/1');
    expect(await response.text()).toBe('second');
    expect(offered.map((urls) => urls.length)).toEqual([2, 1]);
  });

  it('can leave the choice to the gateway', async () => {
    const gw = await start(() => undefined);
    expect((await gw.fetch('/users/1')).status).toBe(200);
    expect(await gw.metric(failures('result'))).toBe(0);
  });

  it.each<[what: string, reason: string, pick: PickTarget]>([
    [
      'throws',
      'error',
      () => {
        throw new Error('boom');
      },
    ],
    [
      'returns a target of its own',
      'result',
      () => ({ url: 'http://169.254.169.254', weight: 1, inFlight: 0 }),
    ],
    ['returns a promise', 'result', () => Promise.reject(new Error('boom')) as never],
    ['returns null', 'result', () => null as never],
  ])('is replaced by another when it %s', async (_, reason, pick) => {
    const gw = await start(pick);
    const both = await Promise.all([gw.fetch('/users/1'), gw.fetch('/1')]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect(await gw.metric(failures(reason))).toBe(1);
  });
});

function failures(reason: string): string {
  return `breakwater_plugin_failures_total{plugin="probe",kind="balancer",reason="${reason}"}`;
}
