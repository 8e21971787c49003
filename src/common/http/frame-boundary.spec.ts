import { describe, expect, it } from 'vitest';
import { FrameBoundary } from './frame-boundary.js';

const frame = (length: number, first = 0x82, masked = false) => {
  const mask = masked ? 0x80 : 0;
  const head =
    length < 126
      ? [mask | length]
      : length < 65_536
        ? [mask | 126, length >> 8, length & 255]
        : [mask | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (length >> shift) & 255)];
  return Buffer.concat([
    Buffer.from([first, ...head, ...(masked ? [1, 2, 3, 4] : [])]),
    Buffer.alloc(length, 0x88),
  ]);
};

describe('FrameBoundary', () => {
  it.each([0, 1, 125, 126, 65_535, 65_536, 200_000])('finds the end of a frame of %i bytes', (length) => {
    for (const masked of [false, true]) {
      const bytes = Buffer.concat([frame(length, 0x82, masked), frame(3)]);
      const boundary = new FrameBoundary();
      // One byte, so that it is inside the first frame.
      boundary.read(bytes.subarray(0, 1));
      expect(boundary.reached).toBe(false);
      expect(boundary.read(bytes.subarray(1), true)).toBe(bytes.length - frame(3).length - 1);
      expect(boundary.reached).toBe(true);
      expect(boundary.sawClose).toBe(false);
    }
  });

  it('follows frames byte by byte', () => {
    const bytes = Buffer.concat([frame(2), frame(130), frame(0, 0x89)]);
    const boundary = new FrameBoundary();
    const ends: number[] = [];
    for (const [i, byte] of bytes.entries()) {
      boundary.read(Buffer.from([byte]));
      if (boundary.reached) ends.push(i + 1);
    }
    expect(ends).toEqual([4, 138, 140]);
  });

  it('reads nothing when it is to stop and is at a boundary', () => {
    expect(new FrameBoundary().read(frame(5), true)).toBe(0);
  });

  it('notices a close frame', () => {
    const boundary = new FrameBoundary();
    boundary.read(Buffer.concat([frame(3), frame(2, 0x88)]));
    expect(boundary.sawClose).toBe(true);
  });
});
