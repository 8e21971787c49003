import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setImmediate as tick } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  bareFrame,
  BINARY,
  CLOSE,
  closeOf,
  FIN,
  type Frame,
  frame,
  frameHead,
  framesIn,
} from '../../../test/support/frames.js';
import { type CloseReason, Tunnel, type TunnelEnd } from './tunnel.js';

/** Bytes; far above what all socket buffers on the way hold. */
const MUCH = 8 * 1024 * 1024;

// Sockets keep their real timers, which are not those of `setTimeout`.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** @returns both ends of a connection */
async function connection(): Promise<[near: Socket, far: Socket]> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect({ port: (server.address() as AddressInfo).port, allowHalfOpen: true });
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [
    [Socket],
    unknown,
  ];
  server.close();
  onTestFinished(() => void [near, far].map((each) => each.destroy()));
  for (const each of [near, far]) each.on('error', () => undefined);
  return [near, far];
}

class Peer {
  /** Bytes. */
  size = 0;
  private readonly chunks: Buffer[] = [];

  constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.size += chunk.length;
    });
  }

  get frames(): Frame[] {
    return framesIn(Buffer.concat(this.chunks));
  }
}

async function start() {
  const [client, clientFar] = await connection();
  const [upstream, upstreamFar] = await connection();
  let ended: TunnelEnd | undefined;
  const tunnel = new Tunnel(
    {
      client,
      upstream,
      idleTimeout: 60_000,
      sendTimeout: 30_000,
      maxMessageBytes: 2 * MUCH,
      mayControl: () => true,
    },
    (end) => (ended = end),
  );
  return {
    tunnel,
    client,
    page: new Peer(clientFar),
    service: new Peer(upstreamFar),
    end: () => ended,
  };
}

/** Waits for sockets, without a timer. */
async function eventually<T>(condition: () => T): Promise<NonNullable<T>> {
  for (let i = 0; i < 200_000; i++) {
    const value = condition();
    if (value) return value;
    await tick();
  }
  throw new Error('The condition never became true');
}

describe('a tunnel whose client leaves', () => {
  it('gives the upstream a second to follow', async () => {
    const { page, service, end } = await start();
    page.socket.end(frame(FIN | BINARY, 'last words'));
    await eventually(() => service.socket.readableEnded && vi.getTimerCount() === 1);
    vi.advanceTimersByTime(999);
    await tick();
    expect(end()).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(await eventually(end)).toMatchObject({ reason: 'client' });
    expect(service.frames.map(({ payload }) => payload.toString())).toEqual(['last words']);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a tunnel that is closed', () => {
  it('ends when both sides have answered', async () => {
    const { tunnel, page, service, end } = await start();
    tunnel.close('idle');
    await eventually(() => page.frames.length && service.frames.length);
    for (const { frames } of [page, service]) {
      expect(frames.map(closeOf)).toEqual([{ code: 1001, reason: 'idle' }]);
    }
    expect([page, service].map(({ frames }) => frames[0]?.isMasked)).toEqual([false, true]);
    page.socket.end(frame(CLOSE));
    service.socket.end(bareFrame(CLOSE));
    expect(await eventually(end)).toMatchObject({ reason: 'idle' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits at most a second for the answers', async () => {
    const { tunnel, page, service, end, client } = await start();
    tunnel.close('drain');
    await eventually(() => page.frames.length && service.frames.length && client.writableFinished);
    await eventually(() => vi.getTimerCount() === 1);
    vi.advanceTimersByTime(999);
    await tick();
    expect(end()).toBeUndefined();
    vi.advanceTimersByTime(1);
    await eventually(end);
  });

  it.each<CloseReason>(['idle', 'token_expired'])(
    'for %s waits five seconds for the end of an incomplete frame',
    async (reason) => {
      const { tunnel, page, service, end } = await start();
      service.socket.write(bareFrame(FIN | BINARY, 'half').subarray(0, 4));
      await eventually(() => page.size === 4);
      tunnel.close(reason);
      vi.advanceTimersByTime(4_999);
      await tick();
      expect(end()).toBeUndefined();
      vi.advanceTimersByTime(1);
      expect(await eventually(end)).toMatchObject({ reason });
      expect(page.size).toBe(4);
    },
  );

  it('waits for the end of an incomplete frame without a limit in a drain', async () => {
    const { tunnel, page, service, end } = await start();
    service.socket.write(bareFrame(FIN | BINARY, 'half').subarray(0, 4));
    await eventually(() => page.size === 4);
    tunnel.close('drain');
    vi.advanceTimersByTime(20_000);
    service.socket.write('lf');
    await eventually(() => page.size > 6);
    expect(page.frames.map(({ first }) => first)).toEqual([FIN | BINARY, CLOSE]);
    expect(end()).toBeUndefined();
    tunnel.destroy();
    expect(await eventually(end)).toMatchObject({ reason: 'drain' });
  });

  it('ends at once when the client resets its connection', async () => {
    const { page, service, end } = await start();
    page.socket.resetAndDestroy();
    service.socket.write(bareFrame(FIN | BINARY, 'anybody there?'));
    expect(await eventually(end)).toMatchObject({ reason: 'client' });
  });

  it('reports the first of several reasons', async () => {
    const { tunnel, page, service, end } = await start();
    service.socket.write(bareFrame(FIN | BINARY, 'half').subarray(0, 4));
    await eventually(() => page.size === 4);
    tunnel.close('drain');
    tunnel.close('token_expired');
    expect(vi.getTimerCount()).toBe(0);
    service.socket.write('lf');
    await eventually(() => page.size > 6);
    expect(closeOf(page.frames[1]!)).toEqual({ code: 1001, reason: 'going away' });
    tunnel.destroy();
    expect(await eventually(end)).toMatchObject({ reason: 'drain' });
  });

  it('ends at once when it is destroyed, and reports that it was cut', async () => {
    const { tunnel, page, end } = await start();
    tunnel.destroy();
    expect(await eventually(end)).toMatchObject({ reason: 'cut' });
    expect(page.size).toBe(0);
  });

  it('inserts its close frame between two fragments of a message', async () => {
    const { tunnel, page, service } = await start();
    service.socket.write(bareFrame(BINARY, 'part'));
    await eventually(() => page.frames.length === 1);
    tunnel.close('drain');
    await eventually(() => page.frames.length === 2);
    expect(page.frames.map(({ first }) => first)).toEqual([BINARY, CLOSE]);
  });

  it('sends no second close frame after the one of a side', async () => {
    const { tunnel, page, service } = await start();
    service.socket.write(bareFrame(CLOSE, Buffer.from([0x0f, 0xa0])));
    await eventually(() => page.frames.length === 1);
    tunnel.close('drain');
    await eventually(() => page.socket.readableEnded && service.frames.length === 1);
    expect(page.frames.map(closeOf)).toEqual([{ code: 4000, reason: '' }]);
  });

  it('sends its close frame after everything that waits for a client that stopped reading', async () => {
    const { tunnel, page, service, end, client } = await start();
    page.socket.pause();
    service.socket.write(bareFrame(FIN | BINARY, Buffer.alloc(MUCH)));
    await eventually(() => client.writableNeedDrain);
    tunnel.close('drain');
    service.socket.write('and what else it says');
    page.socket.resume();
    await eventually(() => page.socket.readableEnded);
    expect(page.frames.map(({ first }) => first)).toEqual([FIN | BINARY, CLOSE]);
    expect(page.frames[0]?.payload.length).toBe(MUCH);
    expect(end()).toBeUndefined();
  });

  it('sends its close frame to the client even when the upstream resets first', async () => {
    const { tunnel, page, service, end, client } = await start();
    page.socket.pause();
    client.write(bareFrame(FIN | BINARY, Buffer.alloc(MUCH)));
    tunnel.close('drain');
    await eventually(() => service.size > 0);
    service.socket.resetAndDestroy();
    page.socket.resume();
    await eventually(() => page.socket.readableEnded);
    expect(page.frames.at(-1)?.first).toBe(CLOSE);
    page.socket.end();
    await eventually(end);
  });
});

describe('a tunnel whose client sends a message that is too big', () => {
  it('drops the message, head included', async () => {
    const { page, service, end } = await start();
    page.socket.write(frameHead(FIN | BINARY, 4 * MUCH));
    for (let i = 0; i < 4; i++) page.socket.write(Buffer.alloc(MUCH));
    await eventually(() => page.socket.readableEnded && page.socket.writableLength === 0);
    expect(page.frames.map(closeOf)).toEqual([{ code: 1009, reason: 'message too big' }]);
    expect(service.frames.map(closeOf)).toEqual([{ code: 1009, reason: 'message too big' }]);
    page.socket.end();
    service.socket.end();
    expect(await eventually(end)).toEqual({
      reason: 'message_too_big',
      bytesFromClient: 0,
      bytesFromUpstream: 0,
    });
  });
});

describe('a client that reads nothing', () => {
  it('is disconnected after the send timeout although it keeps sending', async () => {
    const { page, service, client, end } = await start();
    page.socket.pause();
    service.socket.write(bareFrame(FIN | BINARY, Buffer.alloc(MUCH)));
    await eventually(() => client.writableNeedDrain);
    vi.advanceTimersByTime(29_999);
    page.socket.write(frame(FIN | BINARY, 'still here'));
    await eventually(() => service.frames.length);
    expect(end()).toBeUndefined();
    vi.advanceTimersByTime(1);
    await eventually(() => service.frames.some(({ first }) => first === CLOSE));
    expect(service.frames.map(closeOf).at(-1)).toEqual({ code: 1008, reason: 'not reading' });
    vi.advanceTimersByTime(5_000);
    expect(await eventually(end)).toMatchObject({ reason: 'not_reading' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('stays connected when it reads again in time', async () => {
    const { page, service, client, end } = await start();
    page.socket.pause();
    service.socket.write(bareFrame(FIN | BINARY, Buffer.alloc(MUCH)));
    await eventually(() => client.writableNeedDrain);
    vi.advanceTimersByTime(29_999);
    page.socket.resume();
    await eventually(() => page.size > MUCH);
    await eventually(() => vi.getTimerCount() === 0);
    vi.advanceTimersByTime(30_000);
    await tick();
    expect(end()).toBeUndefined();
  });
});
