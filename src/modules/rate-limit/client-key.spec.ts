import { describe, expect, it } from 'vitest';
import type { Exchange } from '../routing/exchange.js';
import { keyReader } from './client-key.js';

interface Given {
  readonly clientIp?: string;
  readonly peerTrusted?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly identity?: { readonly provider: string; readonly subject: string };
}

function exchange({ clientIp = '192.0.2.1', peerTrusted = false, headers = {}, identity }: Given = {}) {
  return { head: { clientIp, peerTrusted }, req: { headers }, identity } as unknown as Exchange;
}

describe('keyReader', () => {
  const alice = { provider: 'main', subject: 'alice' };

  it('tells users apart by provider and subject', () => {
    const key = keyReader('user');
    const keys = [alice, { ...alice, subject: 'bob' }, { ...alice, provider: 'dev' }].map((identity) =>
      key(exchange({ identity })),
    );
    expect(new Set(keys).size).toBe(3);
    expect(key(exchange({ identity: alice, clientIp: '192.0.2.9' }))).toBe(keys[0]);
  });

  it.each([
    ['an anonymous client', {}],
    ['a token without a subject', { identity: { provider: 'main', subject: '' } }],
  ])('takes the address of %s', (_, given) => {
    const key = keyReader('user');
    expect(key(exchange(given))).toBe(keyReader('ip')(exchange()));
    expect(key(exchange({ ...given, clientIp: '192.0.2.9' }))).not.toBe(key(exchange(given)));
  });

  it('never takes a subject for an address', () => {
    const identity = { provider: 'a', subject: '192.0.2.1' };
    expect(keyReader('user')(exchange({ identity }))).not.toBe(keyReader('user')(exchange()));
  });

  it('takes a header of trusted peers only', () => {
    const key = keyReader('header:x-tenant');
    const acme = { headers: { 'x-tenant': 'acme' } };
    const other = { headers: { 'x-tenant': 'other' } };
    expect(key(exchange({ ...acme, peerTrusted: true }))).not.toBe(
      key(exchange({ ...other, peerTrusted: true })),
    );
    expect(key(exchange(acme))).toBe(key(exchange(other)));
    expect(key(exchange({ peerTrusted: true }))).toBe(keyReader('ip')(exchange()));
  });

  it('counts everybody together for a route', () => {
    const key = keyReader('route');
    expect(key(exchange({ identity: alice }))).toBe(key(exchange({ clientIp: '192.0.2.9' })));
  });

  it('keeps no long text', () => {
    const key = keyReader('user');
    const long = (end: string) => key(exchange({ identity: { ...alice, subject: 'x'.repeat(9_000) + end } }));
    expect(long('1').length).toBeLessThan(70);
    expect(long('1')).not.toBe(long('2'));
    expect(key(exchange({ clientIp: `:${'1'.repeat(9_000)}` })).length).toBeLessThan(70);
  });
});
