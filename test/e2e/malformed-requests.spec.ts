import { beforeEach, describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, notRefused, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { recording } from '../support/recording.js';

const SMUGGLED = 'GET /admin HTTP/1.1\r\nHost: gateway.test\r\n\r\n';
const get = (...fields: string[]) => requestHead('GET /users', ...fields);
const post = (...fields: string[]) => requestHead('POST /users', ...fields);
const chunked = (...fields: string[]) => `${post(...fields)}5\r\nhello\r\n0\r\n\r\n`;

const HEADS = {
  'a folded field': get('X-Fold: a', ' b'),
  'a field folded with a tab': get('X-Fold: a', '\tb'),
  'a fold before the first field': 'GET /users HTTP/1.1\r\n Host: gateway.test\r\n\r\n',
  'a blank before the colon': get('X-Blank : a'),
  'a tab before the colon': get('Content-Length\t: 0'),
  'a blank inside a name': get('X Blank: a'),
  'a line without a colon': get('X-Nothing'),
  'an empty name': get(': a'),
  'a bare LF after a field': 'GET /users HTTP/1.1\r\nHost: gateway.test\nX-A: b\r\n\r\n',
  'bare LFs only': 'GET /users HTTP/1.1\nHost: gateway.test\n\n',
  'a bare CR inside a value': get('X-Cr: a\rb'),
  'a bare CR before a name': get('X-Cr: a\rX-B: c'),
  'a NUL inside a value': get('X-Nul: a\0b'),
  'a NUL inside a name': get('X-N\0ul: a'),
  'a control character inside a value': get('X-Bell: \x07'),
  'a DEL inside a value': get('X-Del: a\x7fb'),
  'a name that only looks like framing': get('Transfer\x85-Encoding: chunked'),
  'a NUL inside the target': requestHead('GET /us\0ers'),
  'a blank inside the target': requestHead('GET /us ers'),
  'a tab inside the query': requestHead('GET /users?a=\tb'),
  'a form feed inside the query': requestHead('GET /users?a=\fb'),
  'a byte beyond ASCII in the query': requestHead('GET /users?a=Zo\xeb'),
  'a tab inside the path': requestHead('GET /us\ters'),
  'a method in lower case': requestHead('get /users'),
  'an unknown version': 'GET /users HTTP/1.9\r\nHost: gateway.test\r\n\r\n',
  'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'HTTP/0.9': 'GET /users\r\n\r\n',
  'the first bytes of TLS': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
};

const LENGTHS = {
  'a length, then a transfer coding': `${post('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n${SMUGGLED}`,
  'a transfer coding, then a length': `${post('Transfer-Encoding: chunked', 'Content-Length: 5')}0\r\n\r\n${SMUGGLED}`,
  'a length of 0 beside a transfer coding': `${post('Content-Length: 0', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
  'two different lengths': `${post('Content-Length: 0', 'Content-Length: 45')}${SMUGGLED}`,
  'two equal lengths': `${post('Content-Length: 5', 'Content-Length: 5')}hello`,
  'a list of lengths': `${post('Content-Length: 5, 5')}hello`,
  'a length with a plus': `${post('Content-Length: +5')}hello`,
  'a negative length': post('Content-Length: -5'),
  'a length with an exponent': `${post('Content-Length: 5e0')}hello`,
  'a hexadecimal length': `${post('Content-Length: 0x5')}hello`,
  'a length with a fraction': `${post('Content-Length: 5.0')}hello`,
  'a length with a blank inside': `${post('Content-Length: 1 0')}hello`,
  'a length above 64 bits': `${post('Content-Length: 18446744073709551621')}hello`,
  'an empty length': post('Content-Length: '),
  'a length that is a word': post('Content-Length: chunked'),
};

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

const TRANSFER_CODINGS = {
  ...Object.fromEntries(CODINGS.map((each) => [JSON.stringify(each), chunked(`Transfer-Encoding: ${each}`)])),
  'the same coding on two lines': chunked('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
  'another coding on a second line': chunked('Transfer-Encoding: chunked', 'Transfer-Encoding: identity'),
  'another coding on a first line': chunked('Transfer-Encoding: identity', 'Transfer-Encoding: chunked'),
  'an empty second line': chunked('Transfer-Encoding: chunked', 'Transfer-Encoding: '),
  'a folded coding': chunked('Transfer-Encoding:\r\n chunked'),
  'HTTP/1.0, which knows of none': chunked('Transfer-Encoding: chunked').replace('HTTP/1.1', 'HTTP/1.0'),
};

const users = recording();
const gw = gateway(ONE_ROUTE).withUpstream('users', users.handler).startOnce();
beforeEach(users.clear);

describe('a malformed request', () => {
  it.each([
    ['breaks the grammar of the head', HEADS],
    ['has an ambiguous length', LENGTHS],
    ['has a transfer coding other than `chunked`', TRANSFER_CODINGS],
  ])(
    'is rejected, closes the connection and never reaches the upstream when it %s',
    async (_, requests: Record<string, string>) => {
      expect(await notRefused(gw.url, requests)).toEqual({});
      expect(users.requests).toHaveLength(0);
    },
  );

  it.each(['CHUNKED', 'Chunked', '\t chunked'])(
    'is not one whose transfer coding is spelled %j',
    async (coding) => {
      const answer = await raw(gw.url, chunked(`Transfer-Encoding: ${coding}`, 'Connection: close'));
      expect(answersIn(answer)).toMatchObject([
        { status: 200, body: expect.stringContaining('"body":"hello"') },
      ]);
      expect(users.requests[0]?.headers['transfer-encoding']).toBe('chunked');
    },
  );
});
