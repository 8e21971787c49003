import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { spawnNode } from './process.js';
import { until } from './until.js';

/** Dropped handshakes can be told from others only where `/proc/net/tcp` shows them. */
export const canMakeBlackHole = process.platform === 'linux';

const LISTENING = `
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    console.log(JSON.stringify({ msg: 'listening', port: server.address().port }));
  });
`;
const SYN_SENT = '02';

/**
 * An address of which no handshake comes back, not even a refusal: a listener that accepts nothing, and whose queue is
 * full. The kernel drops what else wants to connect, as a firewall or a host that is gone would. Needs no privilege.
 *
 * @returns its address, and how many connections are being tried to it beside the ones that fill its queue
 */
export async function blackHole(): Promise<{ url: string; handshakes: () => Promise<number> }> {
  const listener = spawnNode(['-e', LISTENING]);
  const { port } = await listener.json(({ msg }) => msg === 'listening');
  listener.kill('SIGSTOP');
  // A stopped process dies of nothing but this.
  onTestFinished(() => listener.kill('SIGKILL'));
  const all = () => connecting(Number(port));
  const fill = () => {
    const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
  };
  await until('the queue to be full', async () => {
    fill();
    return (await all()) >= 2;
  });
  const own = await all();
  return { url: `http://127.0.0.1:${Number(port)}`, handshakes: async () => (await all()) - own };
}

/** @returns how many connections to a local port wait for the first answer to their handshake */
async function connecting(port: number): Promise<number> {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  return lines.filter(([, , to, state]) => to?.endsWith(remote) && state === SYN_SENT).length;
}
