import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { onTestFinished, describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { spawnNode } from '../support/process.js';
import { until } from '../support/until.js';

/** Dropped handshakes are visible only in `/proc/net/tcp`. */
const canMakeBlackHole = process.platform === 'linux';

const LISTENING = `
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    console.log(JSON.stringify({ msg: 'listening', port: server.address().port }));
  });
`;
const SYN_SENT = '02';

/**
 * Creates an address that answers no handshake: a listener that accepts nothing and whose queue is full. The kernel drops
 * further handshakes, as a firewall or a missing host would. This needs no privilege.
 *
 * @returns its address, and the number of pending handshakes besides those that fill its queue
 */
async function blackHole(): Promise<{ url: string; handshakes: () => Promise<number> }> {
  const listener = spawnNode(['-e', LISTENING]);
  const { port } = await listener.json(({ msg }) => msg === 'listening');
  listener.kill('SIGSTOP');
  // Only SIGKILL ends a stopped process.
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

/** @returns how many connections to a local port wait for the first reply to their handshake */
async function connecting(port: number): Promise<number> {
  const remote = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  return lines.filter(([, , to, state]) => to?.endsWith(remote) && state === SYN_SENT).length;
}

async function start(keys: string, targets = '{ url: "${HOLE}" }') {
  const hole = await blackHole();
  const gw = await gateway(`
upstreams:
  lost: { targets: [${targets}], ${keys} }
  fine: { url: "\${FINE_URL}" }
routes:
  - { id: lost, match: { path: /lost }, upstream: lost }
  - { id: fine, match: { path: /fine }, upstream: fine }
`)
    .withUpstream('fine', (_req, res) => res.end('fine'))
    .withEnv({ HOLE: hole.url })
    .start();
  const ask = async () => {
    const response = await gw.fetch('/lost');
    return [response.status, ((await response.json()) as { code: string }).code];
  };
  const inFlight = () => gw.metric('breakwater_bulkhead_in_flight{upstream="lost"}');
  return { gw, hole, ask, inFlight };
}

describe.skipIf(!canMakeBlackHole)('an upstream that answers no handshake', () => {
  it('gets a 502 at connectTimeout, long before the deadline, and frees its sockets', async () => {
    const { gw, hole, ask, inFlight } = await start(
      'connectTimeout: 2s, timeout: 60s, retry: { attempts: 0 }',
    );
    const asked = Array.from({ length: 3 }, ask);
    await until('three handshakes', async () => (await hole.handshakes()) === 3);
    // No other upstream waits for them.
    expect(await (await gw.fetch('/fine')).text()).toBe('fine');
    expect([await inFlight(), await hole.handshakes()]).toEqual([3, 3]);

    expect(await Promise.all(asked)).toEqual(Array.from({ length: 3 }, () => [502, 'upstream_unreachable']));
    await until('no handshake to be left', async () => (await hole.handshakes()) === 0);
    expect(await inFlight()).toBe(0);
    const failed = 'breakwater_upstream_requests_total{upstream="lost",outcome="connect_failed"}';
    expect(await gw.metric(failed)).toBe(3);
  });

  it('gets a 504 at the deadline when that comes first', async () => {
    const { hole, ask, inFlight } = await start('connectTimeout: 2s, timeout: 300ms, retry: { attempts: 0 }');
    expect(await ask()).toEqual([504, 'upstream_timeout']);
    expect(await inFlight()).toBe(0);
    await until('no handshake to be left', async () => (await hole.handshakes()) === 0);
  });

  it('causes no error while another target is available', async () => {
    const targets = '{ url: "${HOLE}" }, { url: "${FINE_URL}" }';
    const { gw, hole } = await start('connectTimeout: 1s, timeout: 60s, balancer: round-robin', targets);
    const texts = Array.from({ length: 8 }, async () => (await gw.fetch('/lost')).text());
    await until('some of them to be lost', async () => (await hole.handshakes()) > 0);
    expect(await Promise.all(texts)).toEqual(Array(8).fill('fine'));
  });
});
