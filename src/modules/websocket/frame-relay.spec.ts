import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setImmediate as tick } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { bareFrame, BINARY, CLOSE, FIN, frame, framesIn, MORE, PING } from '../../../test/support/frames.js';
import { FrameRelay } from './frame-relay.js';
import { closeFrame, FrameReader } from './frames.js';

const GOING_AWAY = closeFrame(1001, 'bye');
const EMPTY = Buffer.alloc(0);

function start(maxMessageBytes = 1e9) {
  const [from, to] = [new PassThrough(), new PassThrough()];
  const events: string[] = [];
  const received: Buffer[] = [];
  to.on('data', (chunk: Buffer) => received.push(chunk));
  const relay = new FrameRelay({
    from,
    to,
    frames: new FrameReader({ maxMessageBytes }),
    onCloseFrame: () => events.push('close frame'),
    onViolation: (violation) => events.push(violation),
    onFinish: () => events.push('finish'),
  });
  return { relay, from, to, events, bytes: () => Buffer.concat(received) };
}

/** @returns a generator of numbers below 1 that depends on the seed alone (mulberry32) */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @returns frames with every kind of length, and the offsets where they end */
function traffic(random: () => number): { bytes: Buffer; ends: Set<number> } {
  const sizes = [0, 1, 100, 125, 126, 200, 65_535, 65_536];
  const make = random() < 0.5 ? frame : bareFrame;
  const parts = Array.from({ length: 20 }, () => {
    if (random() < 0.3) return make(PING, 'x'.repeat(Math.floor(random() * 126)));
    const payload = Buffer.alloc(sizes[Math.floor(random() * sizes.length)] ?? 0, 0x88);
    return make(random() < 0.5 ? FIN | BINARY : MORE, payload);
  });
  const ends = new Set([0]);
  for (const part of parts) ends.add([...ends].at(-1)! + part.length);
  return { bytes: Buffer.concat(parts), ends };
}

it('relays all bytes, however they are chunked, and inserts its close frame between two frames', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomOf(seed);
    const { bytes, ends } = traffic(random);
    const tested = start();
    const closeAt = random() < 0.8 ? Math.floor(random() * bytes.length) : Infinity;
    for (let at = 0; at < bytes.length;) {
      const size = random() < 0.5 ? 1 + Math.floor(random() * 16) : 1 + Math.floor(random() * 40_000);
      tested.from.write(bytes.subarray(at, at + size));
      at += size;
      await tick();
      if (at > closeAt) tested.relay.close(GOING_AWAY);
    }
    tested.from.end();
    await finished(tested.to);
    const received = tested.bytes();
    const isClosed = closeAt < Infinity;
    const passed = isClosed ? received.length - GOING_AWAY.length : bytes.length;
    expect(ends.has(passed), `seed ${seed}`).toBe(true);
    const expected = Buffer.concat([bytes.subarray(0, passed), isClosed ? GOING_AWAY : EMPTY]);
    expect(received.equals(expected), `seed ${seed}`).toBe(true);
    expect(tested.relay.bytes).toBe(passed);
  }
});

describe('a relay to a side that does not read', () => {
  async function blocked() {
    const [from, to] = [new PassThrough(), new PassThrough()];
    const ignore = () => undefined;
    const frames = new FrameReader({ maxMessageBytes: 1e9 });
    const events = { onCloseFrame: ignore, onViolation: ignore, onFinish: ignore };
    const relay = new FrameRelay({ from, to, frames, ...events });
    for (let i = 0; i < 1000 && !from.isPaused(); i++) {
      from.write(bareFrame(FIN | BINARY, Buffer.alloc(1000)));
      await tick();
    }
    return { from, to, relay };
  }

  it('pauses its source', async () => {
    const { from, to } = await blocked();
    const before = to.writableLength + to.readableLength;
    for (let i = 0; i < 10; i++) {
      from.write(bareFrame(FIN | BINARY, Buffer.alloc(1000)));
      await tick();
    }
    expect(to.writableLength + to.readableLength).toBe(before);
    from.end();
    to.resume();
    await finished(to);
    expect(from.readableEnded).toBe(true);
  });

  it('drops what its source still sends after the end', async () => {
    const { from, relay } = await blocked();
    relay.close(GOING_AWAY);
    from.end(Buffer.alloc(100_000));
    await finished(from);
    expect(from.readableEnded).toBe(true);
  });
});

it('ends without a close frame inside an incomplete frame', async () => {
  const tested = start();
  tested.from.write(bareFrame(FIN | BINARY, 'half').subarray(0, 4));
  await tick();
  tested.relay.close(GOING_AWAY);
  tested.from.end();
  await finished(tested.to);
  expect(tested.bytes().length).toBe(4);
});

it('reports a violation once and relays no later frame', async () => {
  const tested = start(10);
  tested.from.write(bareFrame(PING));
  tested.from.write(bareFrame(FIN | BINARY, 'x'.repeat(11)));
  await tick();
  expect(tested.events).toEqual(['message_too_big']);
  tested.relay.close(GOING_AWAY);
  tested.from.write(bareFrame(CLOSE));
  await finished(tested.to);
  await tick();
  expect(tested.events).toEqual(['message_too_big', 'finish']);
  expect(framesIn(tested.bytes()).map(({ first }) => first)).toEqual([PING, CLOSE]);
});

it('reports a close frame once', async () => {
  const tested = start();
  tested.from.write(bareFrame(CLOSE));
  await tick();
  tested.from.write(bareFrame(PING));
  await tick();
  expect(tested.events).toEqual(['close frame']);
});
