import { judge, type Violation } from './oracle.js';
import { run } from './runner.js';
import type { Scenario } from './scenario.js';
import { shrink } from './shrink.js';

/**
 * Runs a scenario.
 *
 * @param runs how many drills may be used to find a smaller scenario with the same violation
 * @throws Error with the violations, a minimal scenario and how to run it again
 */
export async function expectWell(scenario: Scenario, runs: number): Promise<void> {
  const violations = judge(await run(scenario));
  const [violation] = violations;
  if (!violation) return;
  const isSame = (other: Violation) => other.invariant === violation.invariant;
  const smallest = await shrink(scenario, async (each) => judge(await run(each)).some(isSame), runs);
  throw new Error(
    [
      `${scenario.name}:`,
      ...violations.map(
        ({ invariant, service, detail }) => `- ${invariant} (${service ?? 'gateway'}): ${detail}`,
      ),
      'Run it again, or a smaller one with the same violation:',
      `DRILL_SCENARIO='${JSON.stringify(scenario)}' npm run test:soak -- test/drills`,
      `DRILL_SCENARIO='${JSON.stringify(smallest)}' npm run test:soak -- test/drills`,
    ].join('\n'),
  );
}
