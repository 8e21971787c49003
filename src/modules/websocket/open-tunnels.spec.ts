import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { setImmediate as tick } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Event } from '../../common/event.js';
import type { TokenDenylist } from '../auth/denylist/token-denylist.service.js';
import type { Identity } from '../routing/identity.js';
import { closeOf, framesIn } from '../../../test/support/frames.js';
import { OpenTunnels, type TunnelClosed } from './open-tunnels.js';

const HOUR = 3_600_000;

/** A client that reads what it is sent. */
class Client extends PassThrough {
  readonly sent: Buffer[] = [];

  override _transform(chunk: Buffer, _encoding: string, done: () => void): void {
    this.sent.push(chunk);
    done();
  }

  setTimeout(): this {
    return this;
  }

  get closeReason(): string | undefined {
    const frame = framesIn(Buffer.concat(this.sent))[0];
    return frame && closeOf(frame).reason;
  }
}

let wall = 0;

beforeEach(() => {
  wall = 1_000_000;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
});
afterEach(() => void vi.useRealTimers());

function setUp() {
  const grown = new Event<readonly string[]>();
  const denied = new Set<unknown>();
  const denies = ({ claims }: Identity) => denied.has(claims['jti']);
  const tunnels = new OpenTunnels({ now: () => 0, wall: () => wall }, {
    grown,
    denies,
  } as unknown as TokenDenylist);
  const closed: TunnelClosed[] = [];
  tunnels.closed.on((each) => closed.push(each));
  const open = ({ jti, expiresAt = Infinity }: { jti?: unknown; expiresAt?: number } = {}) => {
    const client = new Client();
    const upstream = new PassThrough().resume();
    const identity = { claims: { jti } } as unknown as Identity;
    const limits = { idleTimeout: HOUR, sendTimeout: HOUR, maxMessageBytes: 1e6, mayControl: () => true };
    tunnels.add(
      { route: 'chat', requestId: 'id', identity, expiresAt },
      { client: client as unknown as Socket, upstream, ...limits },
    );
    return client;
  };
  const deny = (jti: string) => {
    denied.add(jti);
    grown.emit([jti]);
  };
  return { tunnels, open, deny, closed };
}

function advance(ms: number): void {
  wall += ms;
  vi.advanceTimersByTime(ms);
}

it('closes a WebSocket within a second after its token has expired, and not before', () => {
  const { open } = setUp();
  const client = open({ expiresAt: wall + HOUR });
  advance(HOUR - 1);
  expect(client.closeReason).toBeUndefined();
  advance(1000);
  expect(client.closeReason).toBe('token expired');
});

it('closes a WebSocket when the wall clock is set beyond its expiry', () => {
  const { open } = setUp();
  const client = open({ expiresAt: wall + 1000 * HOUR });
  wall += 2000 * HOUR;
  vi.advanceTimersByTime(1000);
  expect(client.closeReason).toBe('token expired');
});

it('closes all WebSockets of a token that is revoked, and no others', () => {
  const { open, deny } = setUp();
  const clients = [open({ jti: 'a' }), open({ jti: 'a' }), open({ jti: 'b' }), open(), open({ jti: 1 })];
  deny('a');
  expect(clients.map(({ closeReason }) => closeReason)).toEqual([
    'token revoked',
    'token revoked',
    undefined,
    undefined,
    undefined,
  ]);
});

it('closes a WebSocket at once when its token was revoked, or a drain started, during the handshake', () => {
  const { tunnels, open, deny } = setUp();
  deny('a');
  expect(open({ jti: 'a' }).closeReason).toBe('token revoked');
  tunnels.drain();
  expect(open().closeReason).toBe('going away');
});

it('counts open WebSockets by route, and is drained when none is left', async () => {
  const { tunnels, open, closed } = setUp();
  const clients = [open(), open()];
  expect([...tunnels.counts()]).toEqual([['chat', 2]]);
  let isDrained = false;
  const drained = tunnels.drained().then(() => (isDrained = true));
  clients[0]?.destroy();
  while (closed.length < 1) await tick();
  await tick();
  expect([...tunnels.counts()]).toEqual([['chat', 1]]);
  expect(isDrained).toBe(false);
  tunnels.destroy();
  await drained;
  expect([...tunnels.counts()]).toEqual([['chat', 0]]);
  expect(closed.map(({ reason }) => reason)).toEqual(['client', 'cut']);
});
