import type { ConfigPath } from '../config-path.js';
import type { GatewayConfig, UpstreamConfig } from '../gateway-config.js';
import type { LintWarning } from './warning.js';
import type { Written } from './written.js';

interface IdleKey {
  readonly key: ConfigPath;
  /** Whether the value that is there does something. */
  readonly works: (upstream: UpstreamConfig) => boolean;
  readonly why: string;
}

const retries = ({ retry }: UpstreamConfig) => retry.attempts > 0;
const hasSeveral = ({ targets }: UpstreamConfig) => targets.length > 1;
const speaksTls = ({ targets }: UpstreamConfig) => targets.some(({ url }) => url.startsWith('https:'));
const NO_RETRIES = '`retry.attempts` is 0: nothing is tried again';

/** Keys that do nothing beside certain others. */
const IDLE_KEYS: readonly IdleKey[] = [
  { key: ['retry', 'on'], works: retries, why: NO_RETRIES },
  { key: ['retry', 'backoff'], works: retries, why: NO_RETRIES },
  { key: ['retry', 'maxBodyBytes'], works: retries, why: NO_RETRIES },
  {
    key: ['retry', 'budget'],
    // A hedge is made within it as well.
    works: (upstream) => retries(upstream) || (upstream.hedge !== undefined && hasSeveral(upstream)),
    why: NO_RETRIES,
  },
  { key: ['hedge'], works: hasSeveral, why: 'there is no second target to ask' },
  {
    key: ['hashOn'],
    works: ({ balancer }) => balancer === 'consistent-hash',
    why: 'only `balancer: consistent-hash` goes by it',
  },
  {
    key: ['balancer'],
    works: (upstream) => upstream.balancer !== 'consistent-hash' || hasSeveral(upstream),
    why: 'there is only one target to choose',
  },
  {
    key: ['slowStart'],
    works: (upstream) => upstream.slowStart === 0 || hasSeveral(upstream),
    why: 'there is only one target, and it gets everything',
  },
  { key: ['outlier'], works: hasSeveral, why: 'there is only one target, and it is never left alone' },
  { key: ['tls'], works: speaksTls, why: 'none of its targets is https' },
];

/** Finds keys of upstreams that do nothing. In `defaults` they may be meant for some upstreams only. */
export function lintIdleKeys({ upstreams }: GatewayConfig, written: Written): LintWarning[] {
  return IDLE_KEYS.flatMap(({ key, works, why }) => {
    const idle = Object.entries(upstreams)
      .filter(([id, upstream]) => written.has(['upstreams', id, ...key]) && !works(upstream))
      .map(([id]) => ['upstreams', id, ...key]);
    const own = idle.filter((path) => !written.isInherited(path));
    const isIdleEverywhere = idle.length > own.length && !Object.values(upstreams).some(works);
    const paths = isIdleEverywhere ? [...own, ['defaults', ...key]] : own;
    return paths.map((path) => ({ path, message: why }));
  });
}
