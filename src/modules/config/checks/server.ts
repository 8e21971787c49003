import type { ConfigProblem } from '../problem.js';
import { managementSchema } from '../schema/management.js';
import { serverSchema } from '../schema/server.js';
import type { ConfigSource } from '../source/config-source.js';

const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

/** Settings with which the process could not even start listening. */
export function serverProblems(source: ConfigSource): ConfigProblem[] {
  return [...headersAfterRequest(source), ...portTaken(source)];
}

/** Node throws on a server that would wait longer for the headers than for the whole request. */
function headersAfterRequest(source: ConfigSource): ConfigProblem[] {
  const { headersTimeout, requestTimeout } = serverSchema.shape;
  const headers = headersTimeout.safeParse(source.valueAt(['server', 'headersTimeout']));
  const request = requestTimeout.safeParse(source.valueAt(['server', 'requestTimeout']));
  if (!headers.success || !request.success || headers.data <= request.data) return [];
  const written = source.has(['server', 'headersTimeout']) ? 'headersTimeout' : 'requestTimeout';
  const message =
    'found a headersTimeout above requestTimeout, expected at most that: headers are part of a request';
  return [source.problem(['server', written], message)];
}

function portTaken(source: ConfigSource): ConfigProblem[] {
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

function listener(source: ConfigSource, section: string, { host, port }: ListenerShape) {
  const parsedHost = host.safeParse(source.valueAt([section, 'host']));
  const parsedPort = port.safeParse(source.valueAt([section, 'port']));
  return parsedHost.success && parsedPort.success
    ? { host: parsedHost.data, port: parsedPort.data }
    : undefined;
}

type ListenerShape = Pick<typeof serverSchema.shape, 'host' | 'port'>;
