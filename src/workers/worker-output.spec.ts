import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { relayLines } from './worker-output.js';

/** @returns what is passed on of pieces that arrive one after the other */
async function relayed(...pieces: readonly (string | Buffer)[]): Promise<string[]> {
  const from = Readable.from(pieces.map((piece) => Buffer.from(piece)));
  const lines: string[] = [];
  relayLines(from, (each) => lines.push(each));
  await new Promise((resolve) => from.on('close', resolve));
  return lines;
}

describe('the output of a worker', () => {
  it('is passed on in whole lines', async () => {
    expect(await relayed('a\nb\nc', 'd', '\n', 'e\n')).toEqual(['a\nb\n', 'cd\n', 'e\n']);
  });

  it('keeps characters whole that arrive in two pieces', async () => {
    const bytes = Buffer.from('ü\n');
    expect(await relayed(bytes.subarray(0, 1), bytes.subarray(1))).toEqual(['ü\n']);
  });

  it('ends the last line when the worker did not', async () => {
    expect(await relayed('a\nb')).toEqual(['a\n', 'b\n']);
  });

  it('does not gather a line without end', async () => {
    const [first, second] = await relayed('x'.repeat(1024 * 1024), 'x', 'y\n');
    expect(first).toHaveLength(1024 * 1024 + 2);
    expect(second).toBe('y\n');
  });
});
