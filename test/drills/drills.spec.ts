import { describe, it } from 'vitest';
import { expectWell } from './drill.js';
import { scenarioOf, together } from './generator.js';

const seeds = (...all: number[]) => together(...all.map(scenarioOf));

/** Lasting streams, a herd on a slow resource, a frozen target of two, an outage of all targets, and too many clients; and a pause of the gateway. */
const SCENARIOS = [seeds(0, 1, 32, 4, 5), seeds(3)];

describe.concurrent('the gateway causes no outage by itself', { timeout: 600_000 }, () => {
  it.each(SCENARIOS)('$name', (scenario) => expectWell(scenario, 4));
});
