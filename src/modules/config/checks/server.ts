import type { ConfigProblem } from '../problem.js';
import { managementSchema, serverSchema } from '../schema/server.js';
import type { ConfigValue } from '../source/config-value.js';

const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

/** Reports two servers that would listen on the same port. */
export function portProblems(config: ConfigValue): ConfigProblem[] {
  const server = listener(config.at('server'), serverSchema.shape);
  const management = listener(config.at('management'), managementSchema.shape);
  if (!server || !management || server.port !== management.port || server.port === 0) return [];
  const hosts = [server.host, management.host];
  if (hosts[0] !== hosts[1] && !hosts.some((host) => ANY_ADDRESS.has(host))) return [];
  const port = config.at('management', 'port');
  const message = 'found the same port for server and management, expected two ports';
  return [(port.isWritten ? port : config.at('server', 'port')).problem(message)];
}

function listener(section: ConfigValue, shape: Pick<typeof serverSchema.shape, 'host' | 'port'>) {
  const host = shape.host.safeParse(section.at('host').value);
  const port = shape.port.safeParse(section.at('port').value);
  return host.success && port.success ? { host: host.data, port: port.data } : undefined;
}

/** Reports more than one kind of Redis server, and TLS settings for connections without TLS. */
export function redisProblems(config: ConfigValue): ConfigProblem[] {
  const redis = config.at('redis');
  // An empty URL means that there is none.
  const [first, ...others] = redis
    .written(['url', 'cluster', 'sentinel'])
    .filter(({ value }) => value !== '' && value !== undefined);
  const problems = first ? others.map((each) => each.beside(first.key)) : [];
  const tls = redis.at('tls');
  const urls = redis.all('url', 'cluster[]', 'sentinel.nodes[]');
  if (tls.value !== undefined && urls.some(({ text }) => text?.startsWith('redis://'))) {
    problems.push(tls.problemWithKey('found `tls` beside a redis:// URL, expected rediss:// for TLS'));
  }
  return problems;
}
