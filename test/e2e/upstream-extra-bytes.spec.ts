import { once } from 'node:events';
import { type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { ok, rawUpstream } from '../support/raw-upstream.js';

const ONE_CONNECTION = `
upstreams: { users: { url: "\${USERS_URL}", pool: { connections: 1 } } }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;
const POISON = ok('poison');

describe('bytes after the end of a response', () => {
  it('are neither part of it nor the response to the next request', async () => {
    const users = rawUpstream(`${ok('hello')} world`, ok('its own answer'));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
    expect(await (await gw.fetch('/1')).text()).toBe('hello');
    expect(await (await gw.fetch('/2')).text()).toBe('its own answer');
    expect(users.connections).toBe(2);
  });

  it('are not sent to a request that waits for the connection', async () => {
    const users = rawUpstream(ok('hello') + POISON, ok('its own answer'));
    const gw = await gateway(ONE_CONNECTION).withUpstream('users', users.server).start();
    const texts = await Promise.all(['/1', '/2'].map(async (path) => (await gw.fetch(path)).text()));
    expect(texts.toSorted()).toEqual(['hello', 'its own answer']);
  });

  it('close the connection when they arrive while it is idle', async () => {
    let idle: Socket | undefined;
    const users = rawUpstream((socket) => {
      idle = socket;
      socket.write(ok('hello'));
    }, ok('its own answer'));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
    await (await gw.fetch('/1')).text();
    idle?.write(POISON);
    await once(idle!, 'close');
    expect(await (await gw.fetch('/2')).text()).toBe('its own answer');
  });
});
