import { describe, expect, it } from 'vitest';
import { definePlugin, z } from '../../src/plugin.js';
import { gateway } from '../support/gateway.js';
import { until } from '../support/until.js';

const yaml = (value: number, id = 'users') => `
plugins: { pool: { options: { value: ${value} } } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: ${id}, match: { path: /** }, upstream: users, plugins: [pool] }]
`;

/** A gateway whose plugin fails once its resources are closed, and whose upstream answers `/held` when it is told to. */
async function start(isStreaming = false) {
  const signals: AbortSignal[] = [];
  const pool = definePlugin({
    name: 'pool',
    options: z.strictObject({ value: z.number() }),
    hooks: ({ value }, { signal }) => {
      signals.push(signal);
      return {
        onResponse: () => {
          if (signal.aborted) throw new Error('the pool is closed');
          return { headers: { 'x-value': String(value) } };
        },
      };
    },
  });
  const arrived = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const gw = await gateway(yaml(1))
    .withUpstream('users', (req, res) => {
      if (req.url !== '/held') return void res.end();
      if (isStreaming) res.write('begun');
      arrived.resolve();
      void released.promise.then(() => res.end());
    })
    .withPlugin(pool)
    .start();
  const aborted = () => signals.map((each) => each.aborted);
  return { gw, arrived: arrived.promise, release: () => released.resolve(), aborted };
}

describe('a plugin that a reload has replaced', () => {
  it('is closed when the requests that began before have their responses', async () => {
    const { gw, arrived, release, aborted } = await start();
    const held = gw.fetch('/held');
    await arrived;
    await gw.reload(yaml(2));
    const fresh = await gw.fetch('/');
    expect([fresh.status, fresh.headers.get('x-value')]).toEqual([200, '2']);
    // It is in force in two configurations, and is replaced in the third.
    await gw.reload(yaml(2, 'renamed'));
    await gw.reload(yaml(3));
    expect(aborted()).toEqual([false, false, false]);
    release();
    const response = await held;
    expect([response.status, response.headers.get('x-value')]).toEqual([200, '1']);
    await until('both are closed', () => aborted().join() === 'true,true,false');
  });

  it('does not wait for responses that have begun, because no plugin is called for them', async () => {
    const { gw, release, aborted } = await start(true);
    const streaming = await gw.fetch('/held');
    await gw.reload(yaml(2));
    await until('it is closed', () => aborted()[0] === true);
    release();
    expect(await streaming.text()).toBe('begun');
  });
});
