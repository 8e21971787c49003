import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { RequestBody } from './request-body.js';

/** All that a body reads of a request is its stream, and how much the socket has read. */
const request = () =>
  Object.assign(new PassThrough(), { headers: {}, socket: { bytesRead: 0 } }) as unknown as IncomingMessage &
    PassThrough;

it('can be sent elsewhere while nobody has read of it, even when a failed call has destroyed it', () => {
  const body = new RequestBody(request(), 100);
  expect(body.untouched()).toBe(body);
  body.destroy();
  const again = body.untouched();
  expect([again === body, again?.destroyed]).toEqual([false, false]);
  expect(body.untouched()).toBe(again);
});

it('may be destroyed before anybody listens to it', async () => {
  const body = new RequestBody(request(), 100).destroy(new Error('the client has left'));
  // Without a listener the process would end in this turn.
  await new Promise((resolve) => setImmediate(resolve));
  expect(body.destroyed).toBe(true);
});

it('cannot once something was read, by itself or by who came after it', async () => {
  for (const isFirstDestroyed of [false, true]) {
    const req = request();
    const body = new RequestBody(req, 100);
    if (isFirstDestroyed) body.destroy();
    const reader = body.untouched();
    reader?.resume();
    req.write('half');
    await new Promise((resolve) => reader?.once('data', resolve));
    reader?.destroy();
    expect(body.untouched()).toBeUndefined();
  }
});
