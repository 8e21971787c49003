import { createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { listenFailure } from './listen-failure.js';

function failure(code: string, rest: object = {}): Error {
  return Object.assign(new Error('boom'), {
    code,
    syscall: 'listen',
    address: '10.0.0.9',
    port: 80,
    ...rest,
  });
}

describe('listenFailure', () => {
  it.each([
    ['EADDRINUSE', 'Port 80 on 10.0.0.9 is in use. '],
    [
      'EACCES',
      'The gateway is not allowed to listen on port 80 of 10.0.0.9. Ports below 1024 need a privilege',
    ],
    ['EADDRNOTAVAIL', 'This machine has no address 10.0.0.9. Set server.host or management.host'],
    ['EAFNOSUPPORT', 'This machine does not support the address family of 10.0.0.9. '],
    ['EINVAL', 'The gateway cannot listen on 10.0.0.9. A link-local address needs its interface'],
    ['EMFILE', 'The gateway cannot listen on port 80 of 10.0.0.9: EMFILE. '],
  ])('explains %s', (code, sentence) => {
    expect(listenFailure(failure(code))).toContain(sentence);
  });

  it.each(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL'])('explains that a DNS lookup failed with %s', (code) => {
    const error = failure(code, { syscall: 'getaddrinfo', hostname: 'gateway.invalid' });
    expect(listenFailure(error)).toContain(`No address was found for gateway.invalid (${code}).`);
  });

  it('explains an error that the system throws', async () => {
    const server = createServer().listen(0, '203.0.113.1');
    const [error] = await once(server, 'error').catch((thrown: unknown) => [thrown]);
    expect(listenFailure(error)).toContain('203.0.113.1');
  });

  it.each([failure('ENOENT', { syscall: 'open' }), new TypeError('ours'), 'text', undefined])(
    'returns undefined for %s',
    (error) => expect(listenFailure(error)).toBeUndefined(),
  );
});
