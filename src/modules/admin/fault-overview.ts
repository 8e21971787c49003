import type { FaultConfig, GatewayConfig } from '../config/gateway-config.js';
import type { RuntimeFaults } from '../proxy/runtime-faults.js';
import type { FaultOverview } from '../timeline/shapes.js';

/** @returns the faults in force: those of operators, and those of the configuration on other routes */
export function faultsOf({ routes }: GatewayConfig, { left, active }: RuntimeFaults): FaultOverview[] {
  const byHand = left.flatMap(({ route, fault, lasts }) =>
    fault ? [{ ...overviewOf(route, fault), endsIn: Math.ceil(lasts / 1_000) }] : [],
  );
  const configured = routes.flatMap(({ id, fault }) =>
    fault && !active?.has(id) ? [overviewOf(id, fault)] : [],
  );
  return [...byHand, ...configured];
}

function overviewOf(route: string, { delay, abort }: FaultConfig): FaultOverview {
  return {
    route,
    delay: delay && { share: delay.percent, ms: delay.for },
    abort: abort && { share: abort.percent, status: abort.status },
  };
}
