import { expect, it } from 'vitest';
import { closeFrame } from './close-frame.js';

it('is a code and a reason', () => {
  expect(closeFrame(1001, 'idle')).toEqual(Buffer.from([0x88, 6, 0x03, 0xe9, ...Buffer.from('idle')]));
});

it('is masked as the frames of a client are', () => {
  const frame = closeFrame(1008, 'late', Buffer.from([1, 2, 3, 4]));
  const masked = [0x03 ^ 1, 0xf0 ^ 2, 0x6c ^ 3, 0x61 ^ 4, 0x74 ^ 1, 0x65 ^ 2];
  expect(frame).toEqual(Buffer.from([0x88, 0x86, 1, 2, 3, 4, ...masked]));
});
