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
    ['EACCES', 'Not allowed to listen on port 80 of 10.0.0.9. Ports below 1024 need a privilege'],
    ['EADDRNOTAVAIL', 'This machine has no address 10.0.0.9. Set server.host or management.host'],
    ['EAFNOSUPPORT', 'This machine has no addresses of the kind of 10.0.0.9. '],
    ['EINVAL', '10.0.0.9 cannot be listened on. A link-local address needs its interface'],
    ['EMFILE', 'Cannot listen on port 80 of 10.0.0.9: EMFILE. '],
  ])('says in words what %s means', (code, sentence) => {
    expect(listenFailure(failure(code))).toContain(sentence);
  });

  it.each(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL'])('says that a look-up found nothing: %s', (code) => {
    const error = failure(code, { syscall: 'getaddrinfo', hostname: 'gateway.invalid' });
    expect(listenFailure(error)).toContain(`No address was found for gateway.invalid (${code}).`);
  });

  it('knows what the system throws', async () => {
    const server = createServer().listen(0, '203.0.113.1');
    const [error] = await once(server, 'error').catch((thrown: unknown) => [thrown]);
    expect(listenFailure(error)).toContain('203.0.113.1');
  });

  it.each([failure('ENOENT', { syscall: 'open' }), new TypeError('ours'), 'text', undefined])(
    'leaves %s alone',
    (error) => expect(listenFailure(error)).toBeUndefined(),
  );
});
