import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type KeepUntil, spawnProcess, temporaryFile } from './process.js';
import { systemPart } from './system-part.js';
import { until } from './until.js';

const part = systemPart('haproxy');

/** Declares a suite that needs HAProxy; it is skipped without it unless CI=true. */
export const describeWithHaproxy = part.describe;

/** Nothing connects from this address by itself, so a port that was free on it still is. */
const HOST = '127.0.0.3';

/** @returns an address on which nothing listens; the same one can be used again and again */
export async function freeAddress(): Promise<{ readonly host: string; readonly port: number }> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return { host: HOST, port };
}

/**
 * Runs HAProxy in front of gateways. It follows their readiness, and never sends a request a second time.
 *
 * @returns its URL, and which gateways it sends requests to
 */
export async function haproxy(
  gateways: readonly { readonly host: string; readonly port: number }[],
  keepUntil?: KeepUntil,
): Promise<{ readonly url: string; readonly up: () => Promise<readonly string[]> }> {
  if (part.path === undefined) throw new Error(part.missing);
  const front = await freeAddress();
  const stats = await freeAddress();
  const file = await temporaryFile(
    'haproxy.cfg',
    `
global
  maxconn 1000
defaults
  mode http
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
  retries 0
listen gateways
  bind ${front.host}:${front.port}
  option httpchk GET /health/ready
  default-server check inter 500ms fall 2 rise 1
${gateways.map(({ host, port }, n) => `  server gateway-${n} ${host}:${port}`).join('\n')}
listen stats
  bind ${stats.host}:${stats.port}
  stats enable
  stats uri /
`,
    keepUntil,
  );
  const child = spawnProcess(part.path, ['-db', '-f', file], {}, keepUntil);
  const up = async () => {
    const response = await fetch(`http://${stats.host}:${stats.port}/;csv`).catch(() => undefined);
    const rows = ((await response?.text()) ?? '').split('\n').map((row) => row.split(','));
    const status = rows[0]?.indexOf('status') ?? -1;
    return rows.filter((row) => row[status]?.startsWith('UP')).map((row) => row[1] ?? '');
  };
  await until('HAProxy sees every gateway', async () => {
    if (child.child.exitCode !== null) throw new Error(child.stderr);
    return (await up()).filter((name) => name.startsWith('gateway-')).length === gateways.length;
  });
  return { url: `http://${front.host}:${front.port}`, up };
}
