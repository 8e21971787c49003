import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { ONE_ROUTE_NO_BREAKER } from '../support/one-route.js';
import { rawUpstream } from '../support/raw-upstream.js';

const ANSWERS = {
  'another protocol': 'SSH-2.0-OpenSSH_9.9\r\n',
  'a page without a head': '<html><body>hello</body></html>\r\n\r\n',
  'the first bytes of TLS': Buffer.from('160303007a0200007603', 'hex'),
  'a status that is no number': 'HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n',
  'a status of two digits': 'HTTP/1.1 99 Odd\r\nContent-Length: 0\r\n\r\n',
  'the status 000': 'HTTP/1.1 000 Odd\r\nContent-Length: 0\r\n\r\n',
  'the status 099': 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n',
  'the status 600': 'HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n',
  'the status 999': 'HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n',
  'lines that end in a bare LF': 'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello',
  'a name with a blank': 'HTTP/1.1 200 OK\r\nX Odd: a\r\nContent-Length: 0\r\n\r\n',
  'a blank before a colon': 'HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello',
  'a line without a colon': 'HTTP/1.1 200 OK\r\nX-Nothing\r\nContent-Length: 0\r\n\r\n',
  'a NUL in a value': 'HTTP/1.1 200 OK\r\nX-Nul: a\0b\r\nContent-Length: 0\r\n\r\n',
  'a bare CR in a value': 'HTTP/1.1 200 OK\r\nX-Cr: a\rb\r\nContent-Length: 0\r\n\r\n',
};

const users = rawUpstream();
const gw = gateway(ONE_ROUTE_NO_BREAKER).withUpstream('users', users.server).startOnce();

describe('an upstream that does not speak HTTP', () => {
  it.each(Object.entries(ANSWERS))('causes a 502 when it sends %s', async (_, bytes) => {
    users.answerWith(bytes);
    const response = await gw.fetch('/1');
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ code: 'upstream_malformed', upstream: 'users' });
  });

  it('causes a 502 when it switches protocols unasked', async () => {
    users.answerWith('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n');
    const response = await gw.fetch('/1', { headers: { accept: '*/*' } });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ upstream: 'users' });
  });
});
