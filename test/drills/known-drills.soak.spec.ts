import { describe, it } from 'vitest';
import { expectWell } from './drill.js';
import { scenarioOf, together } from './generator.js';
import { KNOWN } from './known.js';

const { streamsTakeAllConnections, herdOnSlowResource, oneFrozenTarget, pauseUnderLoad, redisAway } = KNOWN;

/** One gateway for all of those that do not affect each other: with an outage and too many clients, as seeds make them. */
const SCENARIOS = [
  together(streamsTakeAllConnections, herdOnSlowResource, oneFrozenTarget, scenarioOf(4), scenarioOf(5)),
  pauseUnderLoad,
  redisAway,
];

describe.concurrent('the gateway causes no outage by itself', { timeout: 600_000 }, () => {
  it.each(SCENARIOS)('$name', (scenario) => expectWell(scenario, 4));
});
