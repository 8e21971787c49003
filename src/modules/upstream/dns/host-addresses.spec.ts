import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HostAddresses } from './host-addresses.js';
import type { Address } from './resolver.js';

const A = { address: '10.0.0.1', family: 4 } as const;
const B = { address: '10.0.0.2', family: 4 } as const;
const SIX = { address: 'fd00::1', family: 6 } as const;
const hosts: HostAddresses[] = [];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  for (const each of hosts.splice(0)) each.stop();
  vi.useRealTimers();
});

function setUp(first: Address[] | Error, random = 0.5) {
  const dns = { answer: first as Address[] | Error | Promise<Address[]>, asked: 0 };
  const resolver = {
    resolve: async () => {
      dns.asked++;
      if (dns.answer instanceof Error) throw dns.answer;
      return dns.answer;
    },
  };
  // 0.5 is no jitter.
  const host = new HostAddresses('api.test', resolver, () => random);
  hosts.push(host);
  const lookup = (family = 0) =>
    new Promise<string>((resolve) =>
      host.lookup('api.test', { all: true, family }, (error, answer) =>
        resolve(error ? `${error.code}` : (answer as Address[]).map(({ address }) => address).join()),
      ),
    );
  const changes: string[] = [];
  host.changed.on((now) => changes.push([...now].join()));
  let failures = 0;
  host.failed.on(() => failures++);
  return { dns, host, lookup, changes, failures: () => failures };
}

const failure = (code: string) => Object.assign(new Error(code), { code });

describe('HostAddresses', () => {
  it('resolves at first use, and once for all connections that wait', async () => {
    const { dns, lookup } = setUp([A]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(dns.asked).toBe(0);
    expect(await Promise.all([lookup(), lookup(), lookup()])).toEqual(Array(3).fill('10.0.0.1'));
    expect(dns.asked).toBe(1);
  });

  it('resolves again every five seconds, and emits changed addresses', async () => {
    const { dns, lookup, changes } = setUp([A, B]);
    await lookup();
    await vi.advanceTimersByTimeAsync(5_000);
    expect([dns.asked, changes]).toEqual([2, ['10.0.0.1,10.0.0.2']]);
    dns.answer = [B];
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await lookup()).toBe('10.0.0.2');
    expect(changes).toEqual(['10.0.0.1,10.0.0.2', '10.0.0.2']);
  });

  it('keeps the last good addresses while the resolver fails or has no answer, and follows it afterwards', async () => {
    const { dns, lookup, changes, failures } = setUp([A]);
    await lookup();
    for (const broken of [failure('EAI_AGAIN'), []]) {
      dns.answer = broken;
      await vi.advanceTimersByTimeAsync(5_000);
      expect(await lookup()).toBe('10.0.0.1');
    }
    dns.answer = [B];
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await lookup()).toBe('10.0.0.2');
    expect([changes, failures()]).toEqual([['10.0.0.1', '10.0.0.2'], 2]);
  });

  it('answers from the last addresses while the resolver hangs', async () => {
    const { dns, lookup } = setUp([A]);
    await lookup();
    dns.answer = new Promise(() => undefined);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await lookup()).toBe('10.0.0.1');
    expect(dns.asked).toBe(2);
  });

  it('caches for a second that a name has no address', async () => {
    const { dns, lookup } = setUp(failure('ENOTFOUND'));
    expect([await lookup(), await lookup(), dns.asked]).toEqual(['ENOTFOUND', 'ENOTFOUND', 1]);
    dns.answer = [A];
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await lookup()).toBe('10.0.0.1');
  });

  it.each([
    [0, 4_000],
    [1, 6_000],
  ])('does not ask in step with others: with %d after %i ms', async (random, ms) => {
    const { dns, lookup } = setUp([A], random);
    await lookup();
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(dns.asked).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(dns.asked).toBe(2);
  });

  it('uses addresses in turn, those of the first family before the other', async () => {
    const { lookup } = setUp([SIX, A, B]);
    expect(await lookup()).toBe('fd00::1,10.0.0.1,10.0.0.2');
    expect(await lookup()).toBe('fd00::1,10.0.0.2,10.0.0.1');
    expect(await lookup(4)).toBe('10.0.0.1,10.0.0.2');
  });

  it('leaves no timer when it is stopped, even during a look-up', async () => {
    const { host, lookup } = setUp([A]);
    const waiting = lookup();
    host.stop();
    await waiting;
    expect(vi.getTimerCount()).toBe(0);
  });
});
