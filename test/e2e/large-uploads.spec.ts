import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { recording } from '../support/recording.js';

const BYTES = randomBytes(8 * 1024 * 1024);
const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** @param piece bytes of a chunk */
function* inPieces(piece: number): Generator<Buffer> {
  for (let at = 0; at < BYTES.length; at += piece) yield BYTES.subarray(at, at + piece);
}

const users = recording((req, res) => {
  const hash = createHash('sha256');
  req.on('data', (chunk: Buffer) => hash.update(chunk)).on('end', () => res.end(hash.digest('hex')));
});
const gw = gateway(ONE_ROUTE).withUpstream('users', users.handler).startOnce();

async function upload(method: string, piece: number, headers: Record<string, string | number>) {
  users.clear();
  const sent = request(gw.url, { method, headers });
  await pipeline(Readable.from(inPieces(piece)), sent);
  const [response] = await once(sent, 'response');
  return { hash: await text(response), headers: users.requests[0]?.headers };
}

describe('an upload of 8 MiB', () => {
  it.each([
    ['large', 256 * 1024],
    ['odd', 65_521],
    ['small', 1_000],
  ])('arrives unchanged in %s chunks', async (_, piece) => {
    const { hash, headers } = await upload('PUT', piece, { 'transfer-encoding': 'chunked' });
    expect(hash).toBe(hashOf(BYTES));
    expect(headers).toMatchObject({ 'transfer-encoding': 'chunked' });
    expect(headers).not.toHaveProperty('content-length');
  });

  it('arrives unchanged with a length', async () => {
    const { hash, headers } = await upload('POST', 65_521, { 'content-length': BYTES.length });
    expect(hash).toBe(hashOf(BYTES));
    expect(headers).toMatchObject({ 'content-length': String(BYTES.length) });
    expect(headers).not.toHaveProperty('transfer-encoding');
  });

  it.each(['GET', 'DELETE', 'OPTIONS'])('arrives unchanged with %s', async (method) => {
    const { hash } = await upload(method, 65_521, { 'content-length': BYTES.length });
    expect(hash).toBe(hashOf(BYTES));
  });
});
