import { expect, it } from 'vitest';
import { Load } from '../support/load.js';
import { metric } from '../support/metrics.js';
import { spawnGateway } from '../support/process.js';
import { spawnTarget } from '../support/target-process.js';
import { until } from '../support/until.js';

/** Eighteen clients of three targets, one of which freezes. */
async function freezeOne(keys: string) {
  const targets = await Promise.all(['first', 'second', 'third'].map((name) => spawnTarget(name)));
  const [frozen] = targets;
  const urls = targets.map(({ name }) => `{ url: "http://${name}" }`).join(', ');
  const gateway = await spawnGateway(`
    server: { host: 127.0.0.1, port: 0 }
    management: { port: 0 }
    upstreams:
      api: { targets: [${urls}], balancer: round-robin, outlier: { ejectFor: 10m }, ${keys} }
    routes: [{ id: api, match: { path: /** }, upstream: api }]
  `);
  const read = (name: string, labels = {}) =>
    metric(gateway.managementUrl, name, { upstream: 'api', ...labels });
  const load = new Load(`${gateway.url}/x`, { clients: 18, pace: 5 });
  const before = load.fromNow();
  await until('all targets answer', () => before.answers.length === 3);

  const during = load.fromNow();
  frozen?.process.kill('SIGSTOP');
  await until('the target is ejected', () =>
    read('breakwater_target_ejections_total', { target: frozen?.name }),
  );
  const after = load.fromNow();
  await until('the others answer everybody', () => after.total > 200);
  await load.stop();
  return { during, after, trips: await read('breakwater_breaker_transitions_total', { to: 'open' }) };
}

it('one frozen target of three opens no breaker', { timeout: 60_000 }, async () => {
  const { during, after, trips } = await freezeOne('timeout: 1s, retry: { attempts: 0 }');
  expect(trips).toBe(0);
  for (const { answers } of [during, after]) {
    expect(answers.filter((answer) => !/^(200|504) /.test(answer))).toEqual([]);
  }
  expect(after.count('200 second') + after.count('200 third')).toBeGreaterThan(after.total / 2);
});
