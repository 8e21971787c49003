import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { OutgoingHttpHeaders, RequestListener, ServerResponse } from 'node:http';
import { brotliDecompressSync, constants, gunzipSync } from 'node:zlib';
import { Controller, Get, Module, Next } from '@nestjs/common';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ask, type Got, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { recording } from '../support/recording.js';
import { until } from '../support/until.js';
import { WebSocketClient, webSocketUpstream } from '../support/websocket.js';

const YAML = `
server: { compression: true, cors: { origins: [https://app.example.com] } }
upstreams: { files: { url: "\${FILES_URL}", retry: { attempts: 0 }, breaker: { mode: shadow } } }
routes:
  - { id: stored, match: { path: /stored/** }, upstream: files, cache: { per: public } }
  - { id: plain, match: { path: /plain }, upstream: files, compression: false }
  - { id: files, match: { path: /** }, upstream: files }
`;
const TEXT = 'All work and no play makes a long text. '.repeat(50);
const GZIP = { 'accept-encoding': 'gzip' };

let answer: RequestListener;
const files = recording((req, res) => answer(req, res));

@Controller('own')
class OwnController {
  @Get()
  text(): { text: string } {
    return { text: TEXT };
  }

  @Get('passed')
  pass(@Next() next: () => void): void {
    next();
  }
}

@Module({ controllers: [OwnController] })
class OwnModule {}

const gw = gateway(YAML).withUpstream('files', files.handler).withModule(OwnModule).startOnce();

/** The upstream answers with these headers in addition to those of a text. */
function answerWith(headers: OutgoingHttpHeaders = {}, { status = 200, body = TEXT } = {}) {
  const length = [204, 304].includes(status) ? {} : { 'content-length': body.length };
  answer = (_req, res) =>
    void res.writeHead(status, { 'content-type': 'text/plain', ...length, ...headers }).end(body);
}

beforeEach(() => {
  files.clear();
  answerWith();
});

const get = (path = '/', headers: OutgoingHttpHeaders = GZIP, method?: string) =>
  ask(gw.url + path, headers, method);
const encodingOf = ({ headers }: Got) => headers['content-encoding'];
const varyOf = ({ headers }: Got) => headers.vary?.split(', ').toSorted();
const bodyOf = (received: string) =>
  Buffer.concat(
    [...received.slice(received.indexOf('\r\n\r\n') + 2).matchAll(/\r\n([0-9a-f]+)\r\n/g)].map((match) => {
      const from = received.indexOf('\r\n\r\n') + 2 + match.index + match[0].length;
      return Buffer.from(received.slice(from, from + Number.parseInt(match[1]!, 16)), 'latin1');
    }),
  );

/** @returns a client that has asked, and the open response of the upstream */
async function open(headers: OutgoingHttpHeaders, ...fields: string[]) {
  let response: ServerResponse | undefined;
  answer = (_req, res) => void (response = res.writeHead(200, headers));
  const client = await RawConnection.to(gw.url);
  client.send(requestHead('GET /', 'Accept-Encoding: gzip', 'Connection: close', ...fields));
  return { client, response: await until('the upstream has the request', () => response) };
}

describe('a text above 1 KiB', () => {
  it.each([
    ['gzip', 'gzip', gunzipSync],
    ['br', 'gzip, br', brotliDecompressSync],
    ['br', 'gzip;q=0.5, br', brotliDecompressSync],
    ['gzip', 'br;q=0, *', gunzipSync],
  ])('is compressed with %s for a client that accepts %s', async (encoding, accepted, decompress) => {
    answerWith({ 'set-cookie': ['a=1', 'b=2'], vary: 'Accept-Language', 'accept-ranges': 'bytes' });
    const got = await get('/', { 'accept-encoding': accepted });
    expect(got.status).toBe(200);
    expect(encodingOf(got)).toBe(encoding);
    expect(got.bytes.length).toBeLessThan(TEXT.length / 5);
    expect(decompress(got.bytes).toString()).toBe(TEXT);
    expect(varyOf(got)).toEqual(['Accept-Encoding', 'Accept-Language', 'Origin']);
    expect(got.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(got.headers).not.toHaveProperty('content-length');
    expect(got.headers).not.toHaveProperty('accept-ranges');
  });

  it.each(['', 'identity', 'zstd', 'gzip;q=0'])(
    'stays as it is for a client that accepts "%s"',
    async (accepted) => {
      answerWith({ etag: '"1"', 'accept-ranges': 'bytes' });
      const got = await get('/', accepted === '' ? {} : { 'accept-encoding': accepted });
      expect([encodingOf(got), got.body]).toEqual([undefined, TEXT]);
      expect(varyOf(got)).toEqual(['Accept-Encoding', 'Origin']);
      expect(got.headers).toMatchObject({
        etag: '"1"',
        'accept-ranges': 'bytes',
        'content-length': String(TEXT.length),
      });
    },
  );

  it('stays as it is on a route with compression: false', async () => {
    const got = await get('/plain');
    expect([encodingOf(got), got.body, varyOf(got)]).toEqual([undefined, TEXT, ['Origin']]);
  });

  it('is compressed when a user controller answers', async () => {
    const got = await get('/own');
    expect(encodingOf(got)).toBe('gzip');
    expect(JSON.parse(gunzipSync(got.bytes).toString())).toEqual({ text: TEXT });
  });

  it('is compressed once when a user controller passes the request on', async () => {
    expect(gunzipSync((await get('/own/passed')).bytes).toString()).toBe(TEXT);
  });

  it('is announced by HEAD in the form without compression', async () => {
    const got = await get('/', GZIP, 'HEAD');
    expect([encodingOf(got), got.headers['content-length']]).toEqual([undefined, String(TEXT.length)]);
    expect(varyOf(got)).toEqual(['Accept-Encoding', 'Origin']);
  });
});

describe('a response stays as it is', () => {
  it.each<[string, Record<string, string | string[]>, Parameters<typeof answerWith>[1]]>([
    ['with no-transform', { 'cache-control': 'max-age=1, no-transform' }, {}],
    ['with a second Cache-Control', { 'cache-control': ['max-age=1', 'no-transform'] }, {}],
    ['when the upstream has encoded it', { 'content-encoding': 'zstd', etag: '"1"' }, {}],
    ['when it is a part', { 'content-range': `bytes 0-1999/3000` }, { status: 206 }],
    ['when it is an image', { 'content-type': 'image/png' }, {}],
    ['when it is an event stream', { 'content-type': 'text/event-stream; charset=utf-8' }, {}],
    ['with a digest of its bytes', { 'repr-digest': 'sha-256=:AAAA:' }, {}],
    ['below 1 KiB', {}, { body: 'short' }],
    ['with 204', {}, { status: 204, body: '' }],
    ['with 304', { etag: '"1"' }, { status: 304, body: '' }],
  ])('%s', async (_, headers, options = {}) => {
    answerWith(headers, options);
    const got = await get();
    expect(got.status).toBe(options.status ?? 200);
    expect(encodingOf(got)).toBe(headers['content-encoding']);
    expect(got.body).toBe(options.body ?? TEXT);
    expect(got.headers.etag).toBe(headers['etag']);
  });
});

it.each([
  ['a text below 1 KiB', {}, ['Accept-Encoding', 'Origin']],
  ['a text of an upstream that says so itself', { vary: 'accept-encoding' }, ['Origin', 'accept-encoding']],
  ['an image', { 'content-type': 'image/png' }, ['Origin']],
])('varies by Accept-Encoding only where compression applies: %s', async (_, headers, varied) => {
  answerWith(headers, { body: 'short' });
  expect(varyOf(await get())).toEqual(varied);
});

describe('an open response', () => {
  it('reaches the client event by event', async () => {
    const { client, response } = await open({ 'content-type': 'text/event-stream' });
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      response.write(event);
      await client.until(event);
    }
    response.end();
    await client.ended();
    expect(client.received).not.toMatch(/content-encoding/i);
  });

  it('reaches the client chunk by chunk when it is compressed', async () => {
    const { client, response } = await open({ 'content-type': 'application/json' });
    const lines = () =>
      gunzipSync(bodyOf(client.received), { finishFlush: constants.Z_SYNC_FLUSH }).toString();
    response.write('{"line":1}\n');
    await until(
      'the first line is there',
      () => client.received.includes('\r\n\r\n') && lines() === '{"line":1}\n',
    );
    response.write('{"line":2}\n');
    await until('the second line is there', () => lines() === '{"line":1}\n{"line":2}\n');
    response.end();
    await client.ended();
    expect(gunzipSync(bodyOf(client.received)).toString()).toBe('{"line":1}\n{"line":2}\n');
  });

  it('keeps its trailers', async () => {
    const { client, response } = await open({ 'content-type': 'text/plain', trailer: 'X-Checksum' });
    response.write(TEXT);
    response.addTrailers({ 'X-Checksum': 'abc' });
    response.end();
    await client.ended();
    expect(client.received.toLowerCase()).toMatch(
      /\r\ntrailer: x-checksum\r\n[^]*\r\n0\r\nx-checksum: abc\r\n\r\n$/,
    );
    expect(gunzipSync(bodyOf(client.received)).toString()).toBe(TEXT);
  });

  it('is cut off when the upstream dies, and is never a whole stream', async () => {
    const { client, response } = await open({ 'content-type': 'text/plain' });
    response.write(TEXT);
    await until('the client has some of it', () => bodyOf(client.received).length > 50);
    response.destroy();
    await client.ended();
    expect(client.received).not.toMatch(/\r\n0\r\n/);
    expect(() => gunzipSync(bodyOf(client.received))).toThrow('unexpected end of file');
  });

  it('is reset in HTTP/1.0 when the upstream dies', async () => {
    let response: ServerResponse | undefined;
    answer = (_req, res) => (response = res.writeHead(200, { 'content-type': 'text/plain' })).write(TEXT);
    const client = await RawConnection.to(gw.url);
    client.send('GET / HTTP/1.0\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n');
    await client.until('\r\n\r\n');
    response?.destroy();
    expect(await client.ended()).toBe('reset');
  });

  it('waits for a slow client', async () => {
    const warnings = vi.fn<(warning: Error) => void>();
    process.on('warning', warnings);
    const total = 64 * 1024 * 1024;
    const piece = randomBytes(256 * 1024);
    let written = 0;
    const { client, response } = await open({ 'content-type': 'text/plain', 'content-length': total });
    client.socket.pause();
    const fill = async () => {
      while (written < total && !response.destroyed) {
        written += piece.length;
        if (!response.write(piece)) await once(response, 'drain');
      }
    };
    fill().catch(() => undefined);
    let last = { written: -1, since: 0 };
    await until('the upstream stands still', () => {
      if (written !== last.written) last = { written, since: performance.now() };
      return performance.now() - last.since > 400;
    });
    expect(written).toBeLessThan(total / 2);
    client.socket.removeAllListeners('data');
    client.socket.resume();
    await until('it goes on', () => written > last.written + 8 * 1024 * 1024);
    client.socket.destroy();
    await until('the upstream is told', () => response.destroyed);
    process.off('warning', warnings);
    expect(warnings.mock.calls).toEqual([]);
  });
});

describe('an ETag', () => {
  beforeEach(() => {
    const body = TEXT;
    answer = (req, res) => {
      const known = req.headers['if-none-match']?.replace(/^W\//, '') === '"1"';
      res.writeHead(known ? 304 : 200, {
        'content-type': 'text/plain',
        etag: '"1"',
        'cache-control': 'max-age=60',
      });
      res.end(known ? undefined : body);
    };
  });

  it.each(['/', '/stored/tag'])('is weak on a compressed response, and finds it again: %s', async (path) => {
    const first = await get(path);
    expect([encodingOf(first), first.headers.etag]).toEqual(['gzip', 'W/"1"']);
    const second = await get(path, { ...GZIP, 'if-none-match': 'W/"1"' });
    expect([second.status, second.headers.etag, second.body]).toEqual([304, 'W/"1"', '']);
    expect(varyOf(second)).toContain('Accept-Encoding');
    const strong = await get(path, { 'if-none-match': '"1"' });
    expect([strong.status, strong.headers.etag]).toEqual([304, '"1"']);
  });

  it('that is already weak is not changed', async () => {
    answerWith({ etag: 'W/"1"' });
    expect((await get()).headers.etag).toBe('W/"1"');
  });
});

describe('a stored response', () => {
  it('serves each client in the form that it accepts', async () => {
    answerWith({ 'cache-control': 'max-age=60' });
    const forms = ['gzip', 'br', 'identity', 'gzip'];
    const answers: Got[] = [];
    for (const form of forms) answers.push(await get('/stored/1', { 'accept-encoding': form }));
    expect(answers.map(encodingOf)).toEqual(['gzip', 'br', undefined, 'gzip']);
    const [first, br, plain, hit] = answers as [Got, Got, Got, Got];
    expect(brotliDecompressSync(br.bytes).toString()).toBe(TEXT);
    expect(plain.body).toBe(TEXT);
    expect([first, hit].map(({ bytes }) => gunzipSync(bytes).toString())).toEqual([TEXT, TEXT]);
    expect(hit.cacheStatus).toContain('hit');
    expect(files.requests).toHaveLength(1);
  });

  it('gives its parts without compression', async () => {
    answerWith({ 'cache-control': 'max-age=60' });
    await get('/stored/2');
    const got = await get('/stored/2', { ...GZIP, range: 'bytes=0-1499' });
    expect([got.status, encodingOf(got), got.body]).toEqual([206, undefined, TEXT.slice(0, 1500)]);
  });
});

it('closes the connection of a client that is still sending when the response is complete', async () => {
  const client = await RawConnection.to(gw.url);
  client.send(requestHead('PUT /', 'Accept-Encoding: gzip', 'Content-Length: 1000000') + 'half');
  await client.ended();
  expect(gunzipSync(bodyOf(client.received)).toString()).toBe(TEXT);
});

it('does not apply to WebSockets', async () => {
  const yaml = `
server: { compression: true }
upstreams: { chat: { url: "\${CHAT_URL}" } }
routes: [{ id: chat, match: { path: /** }, upstream: chat, websocket: true }]
`;
  const chat = await gateway(yaml).withUpstream('chat', webSocketUpstream().server).start();
  const client = await WebSocketClient.open(chat.url, { headers: GZIP });
  client.socket.send(TEXT);
  await until('it is back', () => client.messages.length === 1);
  expect(client.messages).toEqual([TEXT]);
});
