import type { InjectedFault } from './fault-injector.js';
import type {
  ChaosOptions,
  Footprint,
  GatewaySample,
  Interval,
  RequestRecord,
  Stall,
  Transition,
} from './types.js';

/** All that a run has recorded. Times are milliseconds since 1970. */
export interface Recording {
  readonly options: ChaosOptions;
  /** From the end of the warm-up to the end of the load. */
  readonly measured: Interval;
  /** The part of it before the first fault. */
  readonly baseline: Interval;
  readonly requests: readonly RequestRecord[];
  readonly stalls: readonly Stall[];
  readonly faults: readonly InjectedFault[];
  readonly transitions: readonly Transition[];
  readonly samples: readonly GatewaySample[];
  /** Of the idle gateway after the warm-up and after the load. */
  readonly footprint: { readonly before: Footprint; readonly after: Footprint };
}
