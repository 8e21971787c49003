import { Dice } from './dice.js';
import type { Scenario, ServicePlan } from './scenario.js';
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
  const rename = <T extends { readonly service: string }>(each: T, n: number) => {
    return { ...each, service: `${each.service}${n}` };
  };
  const serviceOf = ({ id, targets, config }: ServicePlan, n: number): ServicePlan => {
    const fallback = config.fallback && { upstream: `${config.fallback.upstream}${n}` };
    return { id: `${id}${n}`, targets, config: fallback ? { ...config, fallback } : config };
  };
  return {
    name: scenarios.map(({ name }) => name).join(' + '),
    services: scenarios.flatMap(({ services }, n) => services.map((each) => serviceOf(each, n))),
    faults: scenarios.flatMap(({ faults }, n) => {
      return faults.map((each) => (each.kind === 'pause' ? each : rename(each, n)));
    }),
    clients: scenarios.flatMap(({ clients }, n) => clients.map((each) => rename(each, n))),
  };
}
