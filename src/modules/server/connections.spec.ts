import { EventEmitter } from 'node:events';
import { createServer } from 'node:net';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { ConfigStore } from '../config/config.store.js';
import { Connections } from './connections.js';

function setUp(server: string) {
  const store = new ConfigStore(configOf(`server: { ${server} }`));
  const connections = new Connections(store);
  const refused: string[] = [];
  connections.refused.on(({ reason, peer }) => refused.push(`${reason} ${peer}`));
  const accepted: Socket[] = [];
  const listener = createServer((socket) => accepted.push(socket)) as Server;
  connections.guard(listener);
  const connect = (remoteAddress: string) => {
    const socket = Object.assign(new EventEmitter(), {
      remoteAddress,
      isDestroyed: false,
      destroy: () => {
        socket.isDestroyed = true;
        socket.emit('close');
      },
    });
    listener.emit('connection', socket as unknown as Socket);
    return socket;
  };
  return { store, connections, refused, accepted, connect };
}

describe('Connections', () => {
  it('closes those above the limit before anything listens to them, and takes others when some have ended', () => {
    const { connections, refused, accepted, connect } = setUp('limits: { connections: 2 }');
    const [first] = [connect('192.0.2.1'), connect('192.0.2.2')];
    expect(connect('192.0.2.3').isDestroyed).toBe(true);
    expect([accepted.length, connections.open]).toEqual([2, 2]);
    expect(refused).toEqual(['connections 192.0.2.3']);
    first.destroy();
    expect(connect('192.0.2.3').isDestroyed).toBe(false);
    expect(connections.open).toBe(2);
  });

  it.each([
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['192.0.2.1', '::ffff:192.0.2.1', true],
    ['2001:db8:1:2::1', '2001:db8:1:2:3:4:5:6', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['2001:db8::1', '2001:db8:0:0:1::', true],
    ['::1', '::2', true],
  ])('counts %s and %s as one client: %s', (one, other, isSame) => {
    const { connect, refused } = setUp('limits: { connectionsPerIp: 1 }');
    const first = connect(one);
    expect(connect(other).isDestroyed).toBe(isSame);
    expect(refused).toHaveLength(isSame ? 1 : 0);
    first.destroy();
    expect(connect(one).isDestroyed).toBe(false);
  });

  it('exempts trusted proxies from the limit of a client, and follows a reload', async () => {
    const { store, connect } = setUp('trustProxy: [10.0.0.0/8], limits: { connectionsPerIp: 1 }');
    const open = () => !connect('10.0.0.1').isDestroyed;
    expect([open(), open(), open()]).toEqual([true, true, true]);
    await store.apply(configOf('server: { limits: { connectionsPerIp: 1 } }'));
    expect([open(), open()]).toEqual([true, false]);
    await store.apply(configOf('server: { limits: { connectionsPerIp: 0, connections: 0 } }'));
    expect([open(), open()]).toEqual([true, true]);
  });
});
