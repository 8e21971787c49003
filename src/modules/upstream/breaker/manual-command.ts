import type { UpstreamProxy } from '../upstream-proxy.js';

/**
 * What an operator wants of a breaker. `open`: open for its own open time. `isolate`: open for another time, or until
 * `reset` or `close`. `close`: closed, and automatic from then on. `reset`: what was opened by hand may have a trial.
 */
export const MANUAL_ACTIONS = ['open', 'isolate', 'close', 'reset'] as const;
export type ManualAction = (typeof MANUAL_ACTIONS)[number];

export interface ManualCommand {
  readonly upstream: string;
  readonly action: ManualAction;
  /** Milliseconds of an isolation; missing without an end. */
  readonly lasts?: number;
}

/** Does nothing with an upstream whose breaker rejects nothing. */
export function carryOut(
  { breaker, config }: Pick<UpstreamProxy, 'breaker' | 'config'>,
  command: ManualCommand,
): void {
  if (config.breaker.mode === 'shadow') return;
  switch (command.action) {
    case 'open':
      breaker.isolate(config.breaker.openFor);
      return;
    case 'isolate':
      breaker.isolate(command.lasts ?? Number.POSITIVE_INFINITY);
      return;
    case 'close':
      breaker.closeManually();
      return;
    case 'reset':
      breaker.release();
      return;
    default:
      command.action satisfies never;
  }
}
