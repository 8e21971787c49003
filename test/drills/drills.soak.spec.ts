import { it } from 'vitest';
import { expectWell } from './drill.js';
import { scenarioOf } from './generator.js';
import type { Scenario } from './scenario.js';

const { DRILL_SCENARIO, DRILL_SEED, DRILL_MINUTES } = process.env;
const MINUTES = Number(DRILL_MINUTES ?? 1);
/** A change is judged by the same drills each time; a search that is asked for looks elsewhere each time. */
const FIRST_SEED = DRILL_MINUTES === undefined ? 1 : Date.now() % 1_000_000;
/** Drills that may be used to find a smaller scenario. */
const SHRINK_RUNS = 20;
const SHRINK_MINUTES = 15;

it(
  'random drills find no outage that the gateway causes by itself',
  { timeout: (MINUTES + SHRINK_MINUTES) * 60_000 },
  async () => {
    if (DRILL_SCENARIO !== undefined) return expectWell(JSON.parse(DRILL_SCENARIO) as Scenario, SHRINK_RUNS);
    if (DRILL_SEED !== undefined) return expectWell(scenarioOf(Number(DRILL_SEED)), SHRINK_RUNS);
    const until = Date.now() + MINUTES * 60_000;
    for (let seed = FIRST_SEED; Date.now() < until; seed++) {
      await expectWell(scenarioOf(seed), SHRINK_RUNS);
    }
  },
);
