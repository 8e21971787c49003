import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { expect, it } from 'vitest';
import { ClientBody } from './client-body.js';

/** A body reads no more of a request than its stream, and how much the socket has read. */
const request = () =>
  Object.assign(new PassThrough(), { headers: {}, socket: { bytesRead: 0 } }) as unknown as IncomingMessage &
    PassThrough;

it('can be sent again while nothing of it was read, even after a failed call has destroyed it', () => {
  const body = new ClientBody(request(), 100);
  expect(body.replay()).toBe(body);
  body.destroy();
  const again = body.replay() as ClientBody;
  expect([again === body, again.destroyed]).toEqual([false, false]);
  expect(body.replay()).toBe(again);
});

it('can be destroyed before it has a listener', async () => {
  const body = new ClientBody(request(), 100).destroy(new Error('the client has left'));
  // Without a listener the process would end in this turn.
  await new Promise((resolve) => setImmediate(resolve));
  expect(body.destroyed).toBe(true);
});

it('cannot be sent again once something was read, by itself or by its successor', async () => {
  for (const isFirstDestroyed of [false, true]) {
    const req = request();
    const body = new ClientBody(req, 100);
    if (isFirstDestroyed) body.destroy();
    const reader = body.replay() as ClientBody;
    reader.resume();
    req.write('half');
    await new Promise((resolve) => reader.once('data', resolve));
    reader.destroy();
    expect(body.replay()).toBeUndefined();
  }
});

it('is sent again from its copy, once all of it has streamed within the bound', async () => {
  for (const [maxBytes, expected] of [
    [10, Buffer.from('0123456789')],
    [9, undefined],
  ] as const) {
    const req = request();
    const body = new ClientBody(req, 100);
    const copies: string[] = [];
    body.keep(1);
    body.keep(maxBytes, (bytes) => copies.push(bytes.toString()));
    req.write('01234');
    body.resume();
    req.end('56789');
    await finished(body);
    expect(body.replay()).toEqual(expected);
    expect(copies).toEqual(expected ? ['0123456789'] : []);
  }
});

it('has no copy when it is cut off', async () => {
  const req = request();
  const body = new ClientBody(req, 100);
  body.keep(10);
  req.write('01234');
  body.resume();
  await new Promise((resolve) => body.once('data', resolve));
  body.destroy();
  expect(body.replay()).toBeUndefined();
});

it('gives its copy only to those whose bound it does not exceed', async () => {
  const req = request();
  const body = new ClientBody(req, 100);
  const copies: number[] = [];
  for (const maxBytes of [4, 5, 6]) body.keep(maxBytes, () => copies.push(maxBytes));
  req.end('01234');
  await finished(body.resume());
  expect(copies).toEqual([5, 6]);
});

it('is gathered into the copy that others keep', async () => {
  const req = request();
  const body = new ClientBody(req, 100);
  const copies: Buffer[] = [];
  body.keep(3, (bytes) => copies.push(bytes));
  req.end('012');
  const bytes = await body.gather();
  expect(bytes.toString()).toBe('012');
  expect(copies[0]).toBe(bytes);
  expect(body.replay()).toBe(bytes);
});

it('is not gathered when it is cut off', async () => {
  const body = new ClientBody(request(), 100);
  const gathered = body.gather();
  body.destroy(new Error('the client has left'));
  await expect(gathered).rejects.toThrow('the client has left');
});
