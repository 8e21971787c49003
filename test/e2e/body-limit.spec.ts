import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';

const YAML = `
server: { maxBodyBytes: 1KiB }
upstreams: { files: { url: "\${FILES_URL}", breaker: { consecutiveFailures: 1 } } }
routes:
  - { id: files, match: { path: /** }, upstream: files }
  - { id: large, match: { path: /large }, upstream: files, maxBodyBytes: 4KiB }
  - { id: empty, match: { path: /empty }, upstream: files, maxBodyBytes: 0 }
`;
const counting: RequestListener = (req, res) => {
  let bytes = 0;
  req.on('data', (chunk: Buffer) => (bytes += chunk.length)).on('end', () => res.end(String(bytes)));
};

async function start() {
  const files = recording(counting);
  return { files, gw: await gateway(YAML).withUpstream('files', files.handler).start() };
}

const chunked = (bytes: number) => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`;

describe('a body above the limit', () => {
  it('gets a 413 as soon as its length is announced', async () => {
    const { gw, files } = await start();
    const [answer, ...others] = answersIn(await raw(gw.url, requestHead('POST /', 'Content-Length: 1025')));
    expect(answer).toMatchObject({ status: 413, headers: { connection: ['close'] } });
    expect(JSON.parse(answer!.body)).toMatchObject({ code: 'body_too_large' });
    expect(others).toEqual([]);
    expect(files.requests).toHaveLength(0);
  });

  it('gets a 413 as soon as the chunks exceed it, and the upstream sees no complete request', async () => {
    const { gw, files } = await start();
    const received = await raw(
      gw.url,
      requestHead('POST /', 'Transfer-Encoding: chunked') + chunked(1000) + chunked(25) + '0\r\n\r\n',
    );
    expect(answersIn(received)).toMatchObject([{ status: 413, headers: { connection: ['close'] } }]);
    expect(files.requests.filter(({ complete }) => complete)).toEqual([]);
  });

  it.each([
    ['with a length', 'Content-Length: 50000000', 'x'.repeat(100_000)],
    ['in chunks', 'Transfer-Encoding: chunked', chunked(100_000)],
  ])('gets an answer although the client keeps sending, %s', async (_, field, piece) => {
    const { gw } = await start();
    const client = await RawConnection.to(gw.url);
    client.send(requestHead('POST /', field));
    const sending = setInterval(() => client.socket.writable && client.send(piece), 5);
    client.socket.once('close', () => clearInterval(sending));
    await client.until('"body_too_large"');
    await client.ended();
    expect(client.received).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('is not a vote against the upstream', async () => {
    const { gw } = await start();
    await raw(gw.url, requestHead('POST /', 'Transfer-Encoding: chunked') + chunked(2000) + '0\r\n\r\n');
    expect((await gw.fetch('/', { method: 'POST', body: 'x' })).status).toBe(200);
    expect(await gw.metric('breakwater_breaker_state{upstream="files"}')).toBe(0);
  });
});

describe('a body at the limit', () => {
  it.each([
    ['of the server', '/', 1024],
    ['of its route, when that is higher', '/large', 4096],
    ['of its route, when that is nothing', '/empty', 0],
  ])('is accepted, and one more byte gets a 413: %s', async (_, path, limit) => {
    const { gw } = await start();
    const withLength = (bytes: number) => gw.fetch(path, { method: 'POST', body: Buffer.alloc(bytes) });
    const inChunks = async (bytes: number) => {
      const body = bytes === 0 ? '' : chunked(bytes);
      const request = requestHead(`POST ${path}`, 'Transfer-Encoding: chunked', 'Connection: close');
      return answersIn(await raw(gw.url, `${request}${body}0\r\n\r\n`))[0];
    };
    expect(await (await withLength(limit)).text()).toBe(String(limit));
    expect(await inChunks(limit)).toMatchObject({ status: 200, body: String(limit) });
    expect((await withLength(limit + 1)).status).toBe(413);
    expect(await inChunks(limit + 1)).toMatchObject({ status: 413 });
  });
});
