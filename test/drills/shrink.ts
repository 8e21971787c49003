import type { Scenario, ServicePlan } from './scenario.js';
import { isOfTarget } from './targets.js';

/**
 * Removes parts of a scenario as long as it still fails.
 *
 * @param fails runs a scenario
 * @param runs most scenarios that are run
 */
export async function shrink(
  scenario: Scenario,
  fails: (scenario: Scenario) => Promise<boolean>,
  runs: number,
): Promise<Scenario> {
  for (const tried = new Set<string>(); ;) {
    const smaller = smallerThan(scenario).find((each) => !tried.has(JSON.stringify(each)));
    if (!smaller || runs-- <= 0) return scenario;
    tried.add(JSON.stringify(smaller));
    if (await fails(smaller)) scenario = smaller;
  }
}

/** @returns the scenario without one of its parts each; those that remove most come first */
function smallerThan(scenario: Scenario): Scenario[] {
  const { services, faults, clients } = scenario;
  const isUsed = ({ id }: ServicePlan) =>
    clients.some(({ service }) => service === id) ||
    faults.some((each) => isOfTarget(each) && each.service === id) ||
    services.some(({ config }) => config.fallback?.upstream === id);
  return [
    ...without(services)
      .map((rest) => ({ ...scenario, services: rest }))
      .filter((each) => {
        return services.every((service) => each.services.includes(service) || !isUsed(service));
      }),
    ...without(clients)
      .map((rest) => ({ ...scenario, clients: rest }))
      .filter((each) => each.clients.length > 0),
    ...without(faults).map((rest) => ({ ...scenario, faults: rest })),
    ...services.flatMap((service) =>
      Object.keys(service.config).map((key) => {
        const config = Object.fromEntries(Object.entries(service.config).filter(([name]) => name !== key));
        return {
          ...scenario,
          services: services.map((each) => (each === service ? { ...service, config } : each)),
        };
      }),
    ),
    ...clients
      .filter(({ count }) => count > 1)
      .map((plan) => {
        const half = { ...plan, count: Math.ceil(plan.count / 2) };
        return { ...scenario, clients: clients.map((each) => (each === plan ? half : each)) };
      }),
  ];
}

function without<T>(list: readonly T[]): T[][] {
  return list.map((_, i) => list.toSpliced(i, 1));
}
