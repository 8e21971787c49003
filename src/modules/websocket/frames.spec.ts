import { describe, expect, it } from 'vitest';
import { closeFrame, FrameReader, type FrameLimits } from './frames.js';

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
const PING = 0x89;
const TEXT = 0x01;
const MORE = 0x00;
const LAST = 0x80;

const reader = (limits: Partial<FrameLimits> = {}) =>
  new FrameReader({ maxMessageBytes: 1_000_000, ...limits });

describe('FrameReader', () => {
  it.each([0, 1, 125, 126, 65_535, 65_536, 200_000])('finds the end of a frame of %i bytes', (length) => {
    for (const masked of [false, true]) {
      const first = frame(length, 0x82, masked);
      const frames = reader();
      // All but the last byte, so that it is inside the frame.
      expect(frames.read(first.subarray(0, -1))).toBe(length === 0 ? 0 : first.length - 1);
      expect(frames.atBoundary).toBe(length === 0);
      const rest = Buffer.concat([length === 0 ? first : first.subarray(-1), frame(3)]);
      expect(frames.read(rest, true)).toBe(length === 0 ? 0 : 1);
      expect(frames.atBoundary).toBe(true);
      expect(frames.sawClose).toBe(false);
    }
  });

  it('reads a head only when it is complete', () => {
    for (const masked of [false, true]) {
      for (const length of [5, 130, 70_000]) {
        const bytes = frame(length, 0x82, masked);
        const head = bytes.length - length;
        for (let i = 1; i < head; i++) expect(reader().read(bytes.subarray(0, i))).toBe(0);
        expect(reader().read(bytes.subarray(0, head))).toBe(head);
        expect(reader().read(Buffer.concat([frame(9), bytes.subarray(0, head - 1)]))).toBe(11);
      }
    }
  });

  it('reads nothing when it has to stop at a boundary and is at one', () => {
    expect(reader().read(frame(5), true)).toBe(0);
  });

  it('reports a close frame', () => {
    const frames = reader();
    frames.read(frame(3));
    expect(frames.sawClose).toBe(false);
    frames.read(frame(2, 0x88));
    expect(frames.sawClose).toBe(true);
  });
});

describe('closeFrame', () => {
  it('writes the code and the reason', () => {
    expect(closeFrame(1001, 'idle')).toEqual(Buffer.from([0x88, 6, 0x03, 0xe9, ...Buffer.from('idle')]));
  });

  it('masks a frame to the upstream, as clients do', () => {
    const frame = closeFrame(1008, 'late', Buffer.from([1, 2, 3, 4]));
    const masked = [0x03 ^ 1, 0xf0 ^ 2, 0x6c ^ 3, 0x61 ^ 4, 0x74 ^ 1, 0x65 ^ 2];
    expect(frame).toEqual(Buffer.from([0x88, 0x86, 1, 2, 3, 4, ...masked]));
  });
});

describe('FrameReader, for messages', () => {
  const limits = { maxMessageBytes: 200 };

  it('accepts messages at the limit', () => {
    const frames = reader(limits);
    expect(frames.read(Buffer.concat([frame(200), frame(200)]))).toBe(2 * 204);
    expect(frames.violation).toBeUndefined();
  });

  it('rejects a message that is too big by the head of its frame', () => {
    const frames = reader(limits);
    expect(frames.read(Buffer.concat([frame(7), frame(201)]).subarray(0, 13))).toBe(9);
    expect(frames.violation).toBe('message_too_big');
    expect(frames.atBoundary).toBe(true);
  });

  it('adds up the fragments of a message without the control frames between them', () => {
    const fits = [frame(100, TEXT), frame(125, PING), frame(50, MORE), frame(50, LAST)];
    const frames = reader(limits);
    frames.read(Buffer.concat([...fits, ...fits]));
    expect(frames.violation).toBeUndefined();
    frames.read(Buffer.concat([frame(100, TEXT), frame(100, MORE), frame(1, LAST)]));
    expect(frames.violation).toBe('message_too_big');
  });

  it('keeps adding up when a fragment claims to start another message', () => {
    const frames = reader(limits);
    frames.read(Buffer.concat([frame(150, TEXT), frame(51, TEXT)]));
    expect(frames.violation).toBe('message_too_big');
  });

  it('rejects a length of 2^53 bytes or more as malformed, whatever the limit', () => {
    for (const high of [0x80, 0x00]) {
      const frames = reader({ maxMessageBytes: Number.MAX_SAFE_INTEGER });
      expect(frames.read(Buffer.from([0x82, 127, high, 0x20, 0, 0, 0, 0, 0, 0]))).toBe(0);
      expect(frames.violation).toBe('malformed_frame');
    }
    expect(reader().read(Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 5, 1]))).toBe(11);
  });
});

describe('FrameReader, for control frames', () => {
  it.each([
    ['longer than 125 bytes', frame(126, PING)],
    ['that is fragmented', frame(5, PING & 0x7f)],
  ])('rejects one %s as malformed', (_, bytes) => {
    const frames = reader();
    expect(frames.read(bytes)).toBe(0);
    expect(frames.violation).toBe('malformed_frame');
  });

  it.each([
    ['a ping', frame(3, PING)],
    ['a pong', frame(0, 0x8a)],
    ['a close', frame(2, 0x88)],
  ])('counts %s', (_, bytes) => {
    let left = 2;
    const frames = reader({ mayControl: () => left-- > 0 });
    expect(frames.read(Buffer.concat([bytes, frame(1), bytes, frame(1), bytes]))).toBe(2 * bytes.length + 6);
    expect(frames.violation).toBe('control_flood');
  });

  it.each([
    ['an empty message', frame(0)],
    ['an empty fragment', frame(0, MORE)],
  ])('does not count %s', (_, bytes) => {
    const frames = reader({ mayControl: () => false });
    expect(frames.read(bytes)).toBe(bytes.length);
    expect(frames.violation).toBeUndefined();
  });
});
