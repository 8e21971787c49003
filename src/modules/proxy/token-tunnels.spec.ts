import { expect, it } from 'vitest';
import { Event } from '../../common/event.js';
import type { TokenDenylist } from '../auth/denylist/token-denylist.service.js';
import type { Identity } from '../routing/identity.js';
import type { Tunnel } from '../server/tunnel.js';
import { TokenTunnels } from './token-tunnels.js';

const identity = (jti?: unknown) => ({ claims: { jti } }) as unknown as Identity;

function setUp() {
  const grown = new Event<readonly string[]>();
  const closed: string[] = [];
  const tunnels = new TokenTunnels({ grown } as unknown as TokenDenylist);
  const add = (name: string, jti?: unknown) =>
    tunnels.add(identity(jti), { close: () => closed.push(name) } as unknown as Tunnel);
  return { grown, closed, add };
}

it('closes those of the ids that are denied', () => {
  const { grown, closed, add } = setUp();
  for (const [name, jti] of Object.entries({ a1: 'a', a2: 'a', b: 'b', c: 'c', none: undefined, number: 1 }))
    add(name, jti);
  grown.emit(['c', 'a', 'x', '1', 'undefined']);
  expect(closed).toEqual(['c', 'a1', 'a2']);
});

it('knows nothing of those that are gone', () => {
  const { grown, closed, add } = setUp();
  const [forget] = [add('a1', 'a'), add('a2', 'a')];
  forget?.();
  grown.emit(['a']);
  expect(closed).toEqual(['a2']);
  expect(add('none')).toBeUndefined();
});
