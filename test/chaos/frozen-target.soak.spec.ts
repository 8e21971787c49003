import { expect, it } from 'vitest';
import { Load } from '../support/load.js';
import { metric } from '../support/metrics.js';
import { spawnGateway } from '../support/process.js';
import { spawnTarget } from '../support/target-process.js';
import { until } from '../support/until.js';

const TARGETS = ['first', 'second', 'third'];

/** Eighteen clients of three targets, one of which freezes. */
async function freezeOne(keys: string) {
  const targets = await Promise.all(TARGETS.map((name) => spawnTarget(name)));
  const [frozen] = targets;
  const urls = targets.map(({ name }) => `{ url: "http://${name}" }`).join(', ');
  const gateway = await spawnGateway(`
    server: { host: 127.0.0.1, port: 0 }
    management: { port: 0 }
    upstreams:
      api: { targets: [${urls}], balancer: round-robin, ${keys} }
    routes: [{ id: api, match: { path: /** }, upstream: api }]
  `);
  const read = (name: string, labels = {}) =>
    metric(gateway.managementUrl, `breakwater_${name}`, { upstream: 'api', ...labels });
  const load = new Load(`${gateway.url}/x`, { clients: 18, pace: 5 });
  const before = load.fromNow();
  await until('all targets answer', () => before.answers.length === TARGETS.length);

  const answers = load.fromNow();
  frozen?.process.kill('SIGSTOP');
  const ejections = () => read('target_ejections_total', { target: frozen?.name });
  await until('the target is ejected', ejections);
  return { load, answers, ejections, read };
}

it('one frozen target of three opens no breaker', { timeout: 60_000 }, async () => {
  const { load, answers, read } = await freezeOne(
    'timeout: 1s, retry: { attempts: 0 }, outlier: { ejectFor: 10m }',
  );
  const after = load.fromNow();
  await until('the others answer everybody', () => after.total > 200);
  await load.stop();
  expect(await read('breaker_transitions_total')).toBe(0);
  const other = [...answers.answers, ...after.answers].filter((answer) => !/^(200|504) /.test(answer));
  expect(other).toEqual([]);
});

it('a frozen target fails no GET, neither at once nor in its trials', { timeout: 60_000 }, async () => {
  const { load, answers, ejections, read } = await freezeOne('outlier: { ejectFor: 300ms }');
  await until('two trials failed', async () => (await ejections()) >= 3);
  await load.stop();
  expect(answers.answers.filter((answer) => !answer.startsWith('200 '))).toEqual([]);
  expect(await read('breaker_transitions_total')).toBe(0);
});
