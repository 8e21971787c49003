import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead, notRefused } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { recording } from '../support/recording.js';

const CODINGS = [
  ',chunked',
  'chunked,',
  'chunked, chunked',
  'identity, chunked',
  'chunked, identity',
  'gzip, chunked',
  'gzip',
  'identity',
  '"chunked"',
  'chunked;x',
  'chunked;q=1',
  'xchunked',
  'chunked x',
  'chunked\x0b',
  '\x0bchunked',
  '\x0cchunked',
  'chunked\0',
  '\0chunked',
  'chunked\x85',
  'c\xadhunked',
  '',
];
const post = (...fields: string[]) => `${requestHead('POST /users', ...fields)}5\r\nhello\r\n0\r\n\r\n`;

const REQUESTS = {
  ...Object.fromEntries(CODINGS.map((each) => [JSON.stringify(each), post(`Transfer-Encoding: ${each}`)])),
  'the same coding on two lines': post('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
  'another coding on a second line': post('Transfer-Encoding: chunked', 'Transfer-Encoding: identity'),
  'another coding on a first line': post('Transfer-Encoding: identity', 'Transfer-Encoding: chunked'),
  'an empty second line': post('Transfer-Encoding: chunked', 'Transfer-Encoding: '),
  'a folded coding': post('Transfer-Encoding:\r\n chunked'),
  'HTTP/1.0, which knows of none': post('Transfer-Encoding: chunked').replace('HTTP/1.1', 'HTTP/1.0'),
};

describe('a transfer coding', () => {
  it('is rejected and closes the connection unless it is exactly `chunked`', async () => {
    const users = recording();
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    expect(await notRefused(gw.url, REQUESTS)).toEqual({});
    expect(users.requests).toHaveLength(0);
  });

  it.each(['CHUNKED', 'Chunked', '\t chunked'])('can be spelled %j', async (coding) => {
    const users = recording();
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.handler).start();
    const answer = await raw(gw.url, post(`Transfer-Encoding: ${coding}`, 'Connection: close'));
    expect(answersIn(answer)).toMatchObject([
      { status: 200, body: expect.stringContaining('"body":"hello"') },
    ]);
    expect(users.requests[0]?.headers['transfer-encoding']).toBe('chunked');
  });
});
