import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setImmediate as tick } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { closeFrame } from '../../common/http/close-frame.js';
import { FrameReader } from '../../common/http/frame-reader.js';
import { bareFrame, BINARY, CLOSE, FIN, frame, framesIn, MORE, PING } from '../../../test/support/frames.js';
import { Lane } from './lane.js';

const FAREWELL = closeFrame(1001, 'bye');
const EMPTY = Buffer.alloc(0);

function lane(maxMessageBytes = 1e9) {
  const [from, to] = [new PassThrough(), new PassThrough()];
  const told: string[] = [];
  const received: Buffer[] = [];
  to.on('data', (chunk: Buffer) => received.push(chunk));
  const tested = new Lane(from, to, new FrameReader({ maxMessageBytes }));
  tested.open({
    onFarewell: () => told.push('farewell'),
    onViolation: (violation) => told.push(violation),
    onStuck: () => told.push('stuck'),
    onOver: () => told.push('over'),
  });
  return { lane: tested, from, to, told, bytes: () => Buffer.concat(received) };
}

/** A generator of numbers below 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Frames of every kind of length, and where each ends. */
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

it('passes everything on, however it is cut, and its close frame comes between two frames', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomOf(seed);
    const { bytes, ends } = traffic(random);
    const tested = lane();
    const closeAt = random() < 0.8 ? Math.floor(random() * bytes.length) : Infinity;
    for (let at = 0; at < bytes.length;) {
      const size = random() < 0.5 ? 1 + Math.floor(random() * 16) : 1 + Math.floor(random() * 40_000);
      tested.from.write(bytes.subarray(at, at + size));
      at += size;
      await tick();
      if (at > closeAt) tested.lane.close(FAREWELL);
    }
    tested.from.end();
    await finished(tested.to);
    const received = tested.bytes();
    const isClosed = closeAt < Infinity;
    const passed = isClosed ? received.length - FAREWELL.length : bytes.length;
    expect(ends.has(passed), `seed ${seed}`).toBe(true);
    const expected = Buffer.concat([bytes.subarray(0, passed), isClosed ? FAREWELL : EMPTY]);
    expect(received.equals(expected), `seed ${seed}`).toBe(true);
    expect(tested.lane.bytes).toBe(passed);
  }
});

describe('a lane to somebody who does not read', () => {
  async function blocked() {
    const [from, to] = [new PassThrough(), new PassThrough()];
    const tested = new Lane(from, to, new FrameReader({ maxMessageBytes: 1e9 }));
    const ignore = () => undefined;
    tested.open({ onFarewell: ignore, onViolation: ignore, onStuck: ignore, onOver: ignore });
    for (let i = 0; i < 1000 && !from.isPaused(); i++) {
      from.write(bareFrame(FIN | BINARY, Buffer.alloc(1000)));
      await tick();
    }
    return { from, to, tested };
  }

  it('makes its source wait', async () => {
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

  it('reads on for nobody once it is over', async () => {
    const { from, tested } = await blocked();
    tested.close(FAREWELL);
    from.end(Buffer.alloc(100_000));
    await finished(from);
    expect(from.readableEnded).toBe(true);
  });
});

it('ends without a close frame where there is no place for one', async () => {
  const tested = lane();
  tested.from.write(bareFrame(FIN | BINARY, 'half').subarray(0, 4));
  await tick();
  tested.lane.close(FAREWELL);
  tested.from.end();
  await finished(tested.to);
  expect(tested.bytes().length).toBe(4);
});

it('tells of a close frame, and of what is too much, once', async () => {
  const tested = lane(10);
  tested.from.write(bareFrame(PING));
  tested.from.write(bareFrame(FIN | BINARY, 'x'.repeat(11)));
  await tick();
  expect(tested.told).toEqual(['message_too_big']);
  tested.lane.close(FAREWELL);
  tested.from.write(bareFrame(CLOSE));
  await finished(tested.to);
  await tick();
  expect(tested.told).toEqual(['message_too_big', 'over']);
  expect(framesIn(tested.bytes()).map(({ first }) => first)).toEqual([PING, CLOSE]);
});

it('tells of a close frame', async () => {
  const tested = lane();
  tested.from.write(bareFrame(CLOSE));
  await tick();
  tested.from.write(bareFrame(PING));
  await tick();
  expect(tested.told).toEqual(['farewell']);
});
