import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Exchange } from '../routing/exchange.js';
import type { UpstreamResponse } from '../upstream/upstream.types.js';
import { receive } from './receive.js';

const exchange = {} as Exchange;

function setUp(body: Readable) {
  const seen: string[] = [];
  const tap = {
    isCollecting: true,
    onHead: () => undefined,
    onData: (chunk: Uint8Array) => void seen.push(Buffer.from(chunk).toString()),
    onEnd: () => void seen.push('end'),
    onReplaced: (by: string) => void seen.push(`replaced by ${by}`),
  };
  const response = { status: 200, headers: {}, readable: () => body };
  return { seen, tap, response: response as unknown as UpstreamResponse };
}

describe('receive', () => {
  it('gives up a body that takes too long, and releases those who wait for it', async () => {
    const body = new Readable({ read: () => undefined });
    const { seen, tap, response } = setUp(body);
    body.push('a');
    expect(await receive(exchange, response, tap, 10)).toEqual({ hit: undefined, isUnread: false });
    expect([seen, body.destroyed]).toEqual([['a', 'replaced by other'], true]);
  });

  it('fails when the body is cut off', async () => {
    const body = new Readable({ read: () => undefined });
    const { seen, tap, response } = setUp(body);
    const received = receive(exchange, response, tap, 60_000);
    body.destroy(new Error('cut off'));
    await expect(received).rejects.toThrow('cut off');
    expect(seen).toEqual([]);
  });

  it('leaves no timer behind when the body is complete', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { seen, tap, response } = setUp(Readable.from(['a', 'b']));
    await receive(exchange, response, tap, 60_000);
    expect(seen).toEqual(['a', 'b', 'end']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
