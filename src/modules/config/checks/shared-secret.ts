import type { ConfigPath } from '../config-path.js';
import type { SecretAlgorithm } from '../gateway-config.js';
import type { ConfigProblem } from '../problem.js';
import { SECRET_ALGORITHMS } from '../schema/auth.js';
import type { ConfigSource } from '../source/config-source.js';
import { asList } from './raw.js';

/** RFC 7518 section 3.2: a shared secret is at least as long as the hash. Bytes. */
const LEAST_BYTES: Readonly<Record<SecretAlgorithm, number>> = { HS256: 32, HS384: 48, HS512: 64 };

/** A secret that is too short for the strongest of its algorithms can be found by trying. */
export function sharedSecretProblems(
  source: ConfigSource,
  path: ConfigPath,
  { secret, algorithms }: Readonly<Record<string, unknown>>,
): ConfigProblem[] {
  const strongest = SECRET_ALGORITHMS.findLast((algorithm) => asList(algorithms).includes(algorithm));
  if (typeof secret !== 'string' || secret === '' || strongest === undefined) return [];
  const bytes = Buffer.byteLength(secret);
  const least = LEAST_BYTES[strongest];
  if (bytes >= least) return [];
  return [
    source.expected([...path, 'secret'], `at least ${least} bytes for ${strongest}; this has ${bytes}`),
  ];
}
