import type { ConfigProblem } from '../problem.js';
import { managementSchema, serverSchema } from '../schema/server.js';
import type { ConfigSource } from '../source/config-source.js';

const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

/** Reports settings with which the process could not start to listen. */
export function serverProblems(source: ConfigSource): ConfigProblem[] {
  return [...headersTimeoutTooLong(source), ...samePort(source)];
}

/** Node throws on a server that would wait longer for the headers than for the whole request. */
function headersTimeoutTooLong(source: ConfigSource): ConfigProblem[] {
  const { headersTimeout, requestTimeout } = serverSchema.shape;
  const headers = headersTimeout.safeParse(source.valueAt(['server', 'headersTimeout']));
  const request = requestTimeout.safeParse(source.valueAt(['server', 'requestTimeout']));
  if (!headers.success || !request.success || headers.data <= request.data) return [];
  const written = source.has(['server', 'headersTimeout']) ? 'headersTimeout' : 'requestTimeout';
  const message =
    'found a headersTimeout above requestTimeout, expected at most that: headers are part of a request';
  return [source.problem(['server', written], message)];
}

function samePort(source: ConfigSource): ConfigProblem[] {
  const server = listener(source, 'server', serverSchema.shape);
  const management = listener(source, 'management', managementSchema.shape);
  if (!server || !management || server.port !== management.port || server.port === 0) return [];
  const hosts = [server.host, management.host];
  if (hosts[0] !== hosts[1] && !hosts.some((host) => ANY_ADDRESS.has(host))) return [];
  const written = source.has(['management', 'port']) ? 'management' : 'server';
  return [
    source.problem([written, 'port'], 'found the same port for server and management, expected two ports'),
  ];
}

type ListenerShape = Pick<typeof serverSchema.shape, 'host' | 'port'>;

function listener(source: ConfigSource, section: string, shape: ListenerShape) {
  const host = shape.host.safeParse(source.valueAt([section, 'host']));
  const port = shape.port.safeParse(source.valueAt([section, 'port']));
  return host.success && port.success ? { host: host.data, port: port.data } : undefined;
}

const REDIS_SERVERS = ['url', 'cluster', 'sentinel'] as const;

/** Reports more than one kind of Redis server, and TLS settings for connections without TLS. */
export function redisProblems(source: ConfigSource): ConfigProblem[] {
  const { url, tls } = source.mapping(['redis']);
  const [first, ...others] = REDIS_SERVERS.filter((key) =>
    key === 'url' ? url !== undefined && url !== '' : source.has(['redis', key]),
  );
  const problems = others.map((key) =>
    source.problemWithKey(['redis', key], `found \`${key}\` beside \`${first}\`, expected one of them`),
  );
  const urls = [url, ...source.list(['redis', 'cluster']), ...source.list(['redis', 'sentinel', 'nodes'])];
  if (tls !== undefined && urls.some((each) => typeof each === 'string' && each.startsWith('redis://'))) {
    const message = 'found `tls` beside a redis:// URL, expected rediss:// for TLS';
    problems.push(source.problemWithKey(['redis', 'tls'], message));
  }
  return problems;
}
