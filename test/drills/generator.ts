import { Dice } from './dice.js';
import type { Fault, Scenario, ServicePlan } from './scenario.js';
import { isOfTarget } from './targets.js';
import { passersBy, type ThemeName, THEMES } from './themes.js';

/** @returns the scenario of a seed, always the same: one theme, and often another one at the same time */
export function scenarioOf(seed: number): Scenario {
  const dice = new Dice(seed);
  const first = themed(dice, Object.keys(THEMES)[seed % Object.keys(THEMES).length] as ThemeName);
  const isAlone = dice.chance(70);
  const scenario = isAlone
    ? first
    : together(first, themed(dice, dice.oneOf(Object.keys(THEMES) as ThemeName[])));
  const whole = dice.chance(35) ? withRedis(dice, scenario) : scenario;
  return { ...whole, name: `${whole.name} (seed ${seed})` };
}

/** Adds Redis, clients that use it, and often a fault of it. */
function withRedis(dice: Dice, scenario: Scenario): Scenario {
  const kind = dice.oneOf(['redis-freeze', 'redis-kill', undefined] as const);
  const faults: Fault[] = kind ? [{ kind, at: dice.between(200, 2_000), for: dice.between(500, 2_000) }] : [];
  const clients = (['cached', 'mine', 'mixed'] as const).map((each) => ({
    ...passersBy(dice, dice.oneOf(scenario.services), each),
    for: 3_000,
  }));
  return {
    ...scenario,
    name: `${scenario.name} with redis`,
    redis: true,
    faults: [...scenario.faults, ...faults],
    clients: [...scenario.clients, ...clients],
  };
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
    redis: scenarios.some(({ redis }) => redis),
    services: scenarios.flatMap(({ services }, n) => services.map((each) => serviceOf(each, n))),
    faults: scenarios.flatMap(({ faults }, n) => {
      return faults.map((each) => (isOfTarget(each) ? rename(each, n) : each));
    }),
    clients: scenarios.flatMap(({ clients }, n) => clients.map((each) => rename(each, n))),
  };
}
