import type { OutgoingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ask, type Got } from '../support/http.js';
import { spawnGateway } from '../support/process.js';
import { recording } from '../support/recording.js';

const YAML = (url: string, server = '') => `
server: { ${server} compression: true }
upstreams: { files: { url: "${url}" } }
routes:
  - { id: stored, match: { path: /stored/** }, upstream: files, cache: {} }
  - { id: passed, match: { path: /passed/** }, upstream: files }
`;
const TEXT = 'All work and no play makes a long text. '.repeat(50);
const GZIP = { 'accept-encoding': 'gzip' };
const LONG_AGO = 'Mon, 01 Jan 2024 00:00:00 GMT';

let head: OutgoingHttpHeaders;
/** Validates by a tag or by a date, and serves parts of its text. */
const files = recording((req, res) => {
  const { 'if-none-match': tags, 'if-range': part, range } = req.headers;
  const all = { 'content-type': 'text/plain', ...head };
  if (tags?.includes('"1"')) res.writeHead(304, all).end();
  else if (range !== undefined && (part === undefined || part === '"1"'))
    res.writeHead(206, { ...all, 'content-range': `bytes 0-1499/${TEXT.length}` }).end(TEXT.slice(0, 1_500));
  else res.writeHead(200, all).end(TEXT);
});
const gw = gateway(YAML('${FILES_URL}')).withUpstream('files', files.handler).startOnce();

let n = 0;
let path = '';
beforeEach(() => {
  files.clear();
  head = { etag: '"1"', 'last-modified': LONG_AGO, 'cache-control': 'max-age=60' };
  path = String(n++);
});

const get = (route: string, headers: OutgoingHttpHeaders = {}, method?: string) =>
  ask(`${gw.url}/${route}/${path}`, { ...GZIP, ...headers }, method);
const formOf = ({ status, headers }: Got) => [status, headers['content-encoding'], headers.etag];
const textOf = ({ headers, bytes }: Got) =>
  (headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();

const WHOLE = [200, 'gzip', 'W/"1"'];
const AS_IT_IS = [200, undefined, '"1"'];

describe.each(['stored', 'passed'])('a compressed response that is %s', (route) => {
  beforeEach(() => get(route));

  it('has a weak ETag', async () => {
    const got = await get(route);
    expect([formOf(got), textOf(got)]).toEqual([WHOLE, TEXT]);
  });

  it.each([
    ['its weak tag', { 'if-none-match': 'W/"1"' }, 'W/"1"'],
    ['its tag in a list', { 'if-none-match': '"0", W/"1"' }, 'W/"1"'],
    ['the strong tag of the other form', { 'if-none-match': '"1"' }, '"1"'],
  ])('is not sent again to a client that has %s', async (_, condition, tag) => {
    const got = await get(route, condition);
    expect([formOf(got), got.body]).toEqual([[304, undefined, tag], '']);
    expect(got.headers.vary).toContain('Accept-Encoding');
  });

  it('is sent whole for a range with the ETag of its compressed form', async () => {
    const got = await get(route, { range: 'bytes=0-1499', 'if-range': 'W/"1"' });
    expect([formOf(got), textOf(got)]).toEqual([WHOLE, TEXT]);
  });

  it.each([
    ['with the strong tag', { 'if-range': '"1"' }],
    ['without a condition', {}],
  ])('gives parts of its form without compression, under the strong tag: %s', async (_, condition) => {
    const got = await get(route, { range: 'bytes=0-1499', ...condition });
    expect([formOf(got), got.body]).toEqual([[206, undefined, '"1"'], TEXT.slice(0, 1_500)]);
  });

  it('is described by HEAD in the form without compression', async () => {
    const got = await get(route, {}, 'HEAD');
    expect([formOf(got), got.body]).toEqual([AS_IT_IS, '']);
    expect(got.headers.vary).toContain('Accept-Encoding');
  });

  it('is sent uncompressed to a client with no-transform', async () => {
    const got = await get(route, { 'cache-control': 'no-transform' });
    expect([formOf(got), got.body]).toEqual([AS_IT_IS, TEXT]);
  });
});

it('is compressed again after the upstream has confirmed the copy with its strong tag', async () => {
  head = { ...head, 'cache-control': 'max-age=60, no-cache' };
  await get('stored');
  const second = await get('stored');
  expect([formOf(second), textOf(second)]).toEqual([WHOLE, TEXT]);
  expect(second.cacheStatus).toContain('fwd-status=304');
  expect(files.requests).toHaveLength(2);
});

it('is not stored as a transformed response when the upstream forbids to transform it', async () => {
  head = { ...head, 'cache-control': 'max-age=60, no-transform' };
  for (const _ of [1, 2]) expect(formOf(await get('stored'))).toEqual(AS_IT_IS);
  expect(files.requests).toHaveLength(1);
});

it('gets the form that it accepts from a gateway in front that stores compressed responses', async () => {
  // Another process, since one and the same would take it for a loop.
  const front = await spawnGateway(`${YAML(gw.url, 'port: 0,')}\nmanagement: { port: 0 }`);
  const ask2 = (headers: OutgoingHttpHeaders) => ask(`${front.url}/stored/${path}`, headers);
  for (const _ of [1, 2]) {
    const [packed, plain] = [await ask2(GZIP), await ask2({})];
    expect([formOf(packed), textOf(packed)]).toEqual([WHOLE, TEXT]);
    expect([formOf(plain), textOf(plain)]).toEqual([AS_IT_IS, TEXT]);
  }
  const again = await ask2({ ...GZIP, 'if-none-match': 'W/"1"' });
  expect(formOf(again)).toEqual([304, undefined, 'W/"1"']);
  expect(files.requests).toHaveLength(1);
});
