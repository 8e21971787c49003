import { describe, expect, it } from 'vitest';
import { blackHole, canMakeBlackHole } from '../support/black-hole.js';
import { gateway } from '../support/gateway.js';
import { until } from '../support/until.js';

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
    // Nobody else waits for them.
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
