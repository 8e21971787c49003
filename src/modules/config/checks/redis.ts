import type { ConfigProblem } from '../problem.js';
import type { ConfigSource } from '../source/config-source.js';
import { asList, asMapping } from './raw.js';

const PLACES = ['url', 'cluster', 'sentinel'] as const;

/** Two places where Redis would be, and settings of TLS for connections that have none. */
export function redisProblems(source: ConfigSource): ConfigProblem[] {
  const { url, cluster, sentinel, tls } = asMapping(source.valueAt(['redis']));
  const [first, ...others] = PLACES.filter((key) =>
    key === 'url' ? url !== undefined && url !== '' : source.has(['redis', key]),
  );
  const problems = others.map((key) =>
    source.problemWithKey(['redis', key], `found \`${key}\` beside \`${first}\`, expected one of them`),
  );
  const urls = [url, ...asList(cluster), ...asList(asMapping(sentinel)['nodes'])];
  if (tls !== undefined && urls.some((each) => typeof each === 'string' && each.startsWith('redis://'))) {
    problems.push(
      source.problemWithKey(
        ['redis', 'tls'],
        'found `tls` beside a redis:// URL, expected rediss:// for TLS',
      ),
    );
  }
  return problems;
}
