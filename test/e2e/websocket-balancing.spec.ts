import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { gateway, listen } from '../support/gateway.js';
import { raw, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { ok, type RawAnswer, rawUpstream, thenClose } from '../support/raw-upstream.js';
import { until } from '../support/until.js';
import { handshake, switching } from '../support/websocket.js';

interface Overview {
  readonly upstreams: readonly { readonly targets: readonly { readonly inFlight: number }[] }[];
}

/** @returns a gateway over targets that answer alike */
async function start(targets: number, answer?: RawAnswer, idleTimeout = '5m') {
  const far: Socket[] = [];
  const env: Record<string, string> = {};
  for (let i = 0; i < targets; i++) {
    const { server } = rawUpstream((socket, head) => {
      far.push(socket);
      if (typeof answer === 'function') answer(socket, head);
      else socket.write(answer ?? (/upgrade: websocket/i.test(head) ? switching(head) : ok(`t${i}`)));
    });
    env[`T${i}`] = await listen(server);
  }
  const urls = Object.keys(env).map((name) => `{ url: "\${${name}}" }`);
  const yaml = `
upstreams: { users: { targets: [${urls.join()}], balancer: least-requests, retry: { attempts: 0 } } }
routes: [{ id: users, match: { path: /** }, upstream: users, websocket: { idleTimeout: ${idleTimeout} } }]
`;
  const gw = await gateway(yaml).withEnv(env).start();
  const open = async () => {
    const client = await RawConnection.to(gw.url);
    return client.send(handshake('GET /'));
  };
  /** Calls and tunnels of each target, the busiest first. */
  const busy = async () => {
    const { upstreams } = (await (await gw.management('/admin/overview')).json()) as Overview;
    return upstreams[0]!.targets.map(({ inFlight }) => inFlight).toSorted((a, b) => b - a);
  };
  return { gw, far, open, busy };
}

describe('an open WebSocket', () => {
  it('counts as a request in flight on its target', async () => {
    const { gw, open, busy } = await start(2);
    await (await open()).until('101');
    expect(await busy()).toEqual([1, 0]);
    const answers = new Set<string>();
    for (let i = 0; i < 8; i++) answers.add(await raw(gw.url, requestHead('GET /', 'Connection: close')));
    const bodies = new Set([...answers].map((each) => each.slice(-2)));
    expect([...bodies]).toEqual([expect.stringMatching(/^t[01]$/)]);
    expect(await busy()).toEqual([1, 0]);
  });

  it('goes to the target with the fewest in flight', async () => {
    const { open, busy } = await start(3);
    for (let i = 0; i < 9; i++) await (await open()).until('101');
    expect(await busy()).toEqual([3, 3, 3]);
  });
});

describe('a WebSocket frees its place on the target', () => {
  it.each<[string, (client: RawConnection, far: Socket) => void]>([
    ['its client ends', (client) => client.socket.end()],
    ['its client is reset', (client) => client.socket.resetAndDestroy()],
    ['its upstream ends', (_, far) => far.end()],
    ['its upstream is reset', (_, far) => far.resetAndDestroy()],
  ])('when %s', async (_, end) => {
    const { open, far, busy } = await start(1);
    const client = await open();
    await client.until('101');
    expect(await busy()).toEqual([1]);
    end(client, far[0]!);
    await until('it is over', async () => (await busy())[0] === 0);
  });

  it('when it has been idle', async () => {
    const { open, busy } = await start(1, undefined, '100ms');
    await (await open()).until('101');
    await until('it is over', async () => (await busy())[0] === 0);
  });

  it.each<[string, RawAnswer]>([
    ['is declined', ok('no')],
    ['is switched to something else', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
    ['breaks off', thenClose('')],
  ])('when it %s', async (_, answer) => {
    const { open, far, busy } = await start(1, answer);
    const client = await open();
    await until('the upstream is asked', () => far[0]);
    await client.ended();
    expect(await busy()).toEqual([0]);
  });

  it('when its client leaves before it is open', async () => {
    const { open, far, busy } = await start(1, () => undefined);
    const client = await open();
    await until('the upstream is asked', () => far[0]);
    expect(await busy()).toEqual([1]);
    client.socket.destroy();
    await until('it is over', async () => (await busy())[0] === 0);
  });
});
