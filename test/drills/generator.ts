import { Dice } from './dice.js';
import type { Scenario } from './scenario.js';
import { passersBy, type ThemeName, THEMES } from './themes.js';

/** @returns the scenario of a seed, always the same: one theme, and often another one at the same time */
export function scenarioOf(seed: number): Scenario {
  const dice = new Dice(seed);
  const first = themed(dice, Object.keys(THEMES)[seed % Object.keys(THEMES).length] as ThemeName);
  const isAlone = dice.chance(70);
  const scenario = isAlone
    ? first
    : together(first, themed(dice, dice.oneOf(Object.keys(THEMES) as ThemeName[])));
  return { ...scenario, name: `${scenario.name} (seed ${seed})` };
}

function themed(dice: Dice, name: ThemeName): Scenario {
  const scenario = THEMES[name](dice);
  const passers = Array.from({ length: dice.between(0, 2) }, () =>
    passersBy(dice, dice.oneOf(scenario.services)),
  );
  return { name, ...scenario, clients: [...scenario.clients, ...passers] };
}

/** @returns one scenario with the services, faults and clients of all, so that one gateway carries them at the same time */
export function together(...scenarios: readonly Scenario[]): Scenario {
  const rename = (n: number) => (each: { readonly service: string }) => ({
    ...each,
    service: `${each.service}${n}`,
  });
  return {
    name: scenarios.map(({ name }) => name).join(' + '),
    services: scenarios.flatMap(({ services }, n) =>
      services.map((each) => ({ ...each, id: `${each.id}${n}` })),
    ),
    faults: scenarios.flatMap(({ faults }, n) => {
      return faults.map((each) => (each.kind === 'pause' ? each : { ...each, ...rename(n)(each) }));
    }),
    clients: scenarios.flatMap(({ clients }, n) => clients.map((each) => ({ ...each, ...rename(n)(each) }))),
  };
}
