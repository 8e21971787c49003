import { formatDuration } from '../../common/units.js';
import type { BreakerConfig } from '../config/gateway-config.js';

/** What a candidate changes of a breaker, as in the configuration. */
export interface Candidate {
  /** `errorRate: 25%, openFor: 10s` */
  readonly change: string;
  readonly config: BreakerConfig;
}

const THRESHOLDS = {
  errorRate: (rate: number) => `${Number((rate * 100).toFixed(2))}%`,
  consecutiveFailures: String,
  minRequests: String,
  window: formatDuration,
  openFor: formatDuration,
} satisfies Partial<Record<keyof BreakerConfig, (value: number) => string>>;

type Threshold = keyof typeof THRESHOLDS;

// The keys of the table.
const NAMES = Object.keys(THRESHOLDS) as Threshold[];

/** @returns the thresholds as they are written in a configuration */
export function written(config: BreakerConfig, names: readonly Threshold[] = NAMES): string {
  return names.map((name) => `${name}: ${THRESHOLDS[name](config[name])}`).join(', ');
}

/** @returns each threshold halved and doubled, alone and with each other one; 50 candidates at most */
export function candidatesOf(config: BreakerConfig): Candidate[] {
  const single = NAMES.flatMap((name) => neighbours(config, name).map((value) => ({ [name]: value })));
  const pairs = single.flatMap((one, i) =>
    single
      .slice(i + 1)
      .map((other) => ({ ...one, ...other }))
      .filter((pair) => Object.keys(pair).length === 2),
  );
  return [...single, ...pairs].map((change) => {
    const changed = { ...config, ...change };
    return { change: written(changed, Object.keys(change) as Threshold[]), config: changed };
  });
}

/** @returns half of it and twice as much, as far as the configuration allows it */
function neighbours(config: BreakerConfig, name: Threshold): number[] {
  const value = config[name];
  if (name === 'errorRate') return [value / 2, Math.min(value * 2, 1)].filter((rate) => rate !== value);
  const most = name === 'openFor' ? config.maxOpenFor : Number.POSITIVE_INFINITY;
  return [Math.max(1, Math.round(value / 2)), Math.min(value * 2, most)].filter((other) => other !== value);
}
