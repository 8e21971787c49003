import { expect, it } from 'vitest';
import { scenarioOf } from './generator.js';
import type { Scenario } from './scenario.js';
import { shrink } from './shrink.js';

const fault = { kind: 'freeze', service: 'a', target: 0, at: 0, for: 100 } as const;
const client = { service: 'a', at: 0, for: 0, gap: 0, response: { ms: 0, bytes: 0, over: 0 } } as const;
const SCENARIO: Scenario = {
  name: 'spec',
  services: [
    { id: 'a', targets: 1, config: { timeout: '1s', balancer: 'random' } },
    { id: 'b', targets: 1, config: {} },
  ],
  faults: [fault, { kind: 'pause', at: 0, for: 100 }],
  clients: [
    { ...client, kind: 'get', count: 8 },
    { ...client, kind: 'post', count: 3 },
    { ...client, kind: 'get', service: 'b', count: 1 },
  ],
};

/** Fails with at least three clients that get from `a` while it is frozen and its timeout is set. */
const fails = async ({ services, faults, clients }: Scenario) =>
  services.some(({ config }) => config.timeout === '1s') &&
  faults.includes(fault) &&
  clients.some(({ kind, service, count }) => kind === 'get' && service === 'a' && count >= 3);

it('shrink leaves what the failure needs', async () => {
  expect(await shrink(SCENARIO, fails, 100)).toEqual({
    name: 'spec',
    services: [{ id: 'a', targets: 1, config: { timeout: '1s' } }],
    faults: [fault],
    clients: [{ ...client, kind: 'get', count: 4 }],
  });
});

it('shrink runs no more scenarios than it is allowed to', async () => {
  let runs = 0;
  await shrink(SCENARIO, async (scenario) => (runs++, fails(scenario)), 3);
  expect(runs).toBe(3);
});

it('a seed always makes the same scenario', () => {
  for (let seed = 0; seed < 50; seed++) expect(scenarioOf(seed)).toEqual(scenarioOf(seed));
  expect(scenarioOf(1)).not.toEqual(scenarioOf(7));
});
