import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claimPath, headerValue } from '../claim-path.js';
import { ProblemError } from '../errors/problem.js';
import { deltaSeconds, parseCacheControl } from './cache-control.js';
import { clientIp, compileRanges, forwardedField } from './forwarded.js';
import { dashed, isHopByHop, ownerOf } from './header-owners.js';
import { toPublic } from './public-address.js';
import { type UpstreamRequestContext, upstreamRequestHeaders } from './request-headers.js';
import { announcedTrailers, ClientHeaders, clientTrailers } from './response-headers.js';

const RUNS = { seed: 1, numRuns: 1_000 };

const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
];
const CLAIMED = [
  'x-user-id',
  'x-jwt-sub',
  'x-forwarded-for',
  'forwarded',
  'x-real-ip',
  'x-request-id',
  'host',
];
const PROTECTED = ['authorization', 'cookie', 'cache-control'];
const OWN = ['accept', 'x-own', 'constructor', '__proto__'];

/** A name in any case, with any of its dashes as underscores. */
const NAME = fc
  .tuple(
    fc.constantFrom(...HOP_BY_HOP, ...CLAIMED, ...PROTECTED, ...OWN),
    fc.infiniteStream(fc.boolean()),
    fc.infiniteStream(fc.integer({ min: 0, max: 5 })),
  )
  .map(([name, isUpper, isUnderscore]) =>
    name
      .split('')
      .map((char) => (char === '-' && isUnderscore.next().value === 0 ? '_' : char))
      .map((char) => (isUpper.next().value === true ? char.toUpperCase() : char))
      .join(''),
  );
const NOMINATION = fc
  .array(NAME, { maxLength: 4 })
  .map((names): [string, string] => ['Connection', names.join(' ,\t')]);
const FIELDS = fc
  .array(
    fc.oneof(
      NAME.map((name): [string, string] => [name, 'sent']),
      NOMINATION,
    ),
    { maxLength: 8 },
  )
  .map((fields) => fields.flat());

const CONTEXT: UpstreamRequestContext = {
  requestId: 'id',
  peer: '203.0.113.7',
  peerTrusted: false,
  authority: 'a',
  proto: 'http',
  prefix: '',
  family: 'both',
  forwardAuthorization: true,
  identity: ['X-User-Id', 'alice'],
};

/** @returns pairs of lower-cased names and values */
function pairs(headers: readonly string[]): [string, string][] {
  return headers.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), headers[i + 1] ?? '']] : []));
}

describe('the head that an upstream gets', () => {
  it('has no field of the connection, and nothing that only the gateway may say', () => {
    fc.assert(
      fc.property(FIELDS, (raw) => {
        for (const [name, value] of pairs(upstreamRequestHeaders(raw, CONTEXT))) {
          expect(isHopByHop(dashed(name))).toBe(false);
          expect(value === 'sent' ? ownerOf(name) : 'client').toBe('client');
        }
      }),
      RUNS,
    );
  });

  it('has what protects a request, whatever Connection names', () => {
    fc.assert(
      fc.property(FIELDS, (raw) => {
        const kept = (headers: readonly string[]) =>
          pairs(headers).filter(([name]) => PROTECTED.includes(name)).length;
        expect(kept(upstreamRequestHeaders(raw, CONTEXT))).toBe(kept(raw));
      }),
      RUNS,
    );
  });

  it('names the client once, and the user as the gateway knows it', () => {
    fc.assert(
      fc.property(FIELDS, (raw) => {
        const sent = pairs(upstreamRequestHeaders(raw, CONTEXT));
        const valuesOf = (name: string) =>
          sent.filter(([each]) => dashed(each) === name).map(([, value]) => value);
        expect(valuesOf('x-forwarded-for')).toEqual(['203.0.113.7']);
        expect(valuesOf('x-user-id')).toEqual(['alice']);
        expect(valuesOf('x-request-id')).toEqual(['id']);
        expect(valuesOf('forwarded')).toHaveLength(1);
      }),
      RUNS,
    );
  });
});

describe('the head that a client gets', () => {
  it('has no field of the connection, whatever the upstream names', () => {
    const writer = new ClientHeaders([{ name: 'x-default', value: 'a' }], ['via']);
    fc.assert(
      fc.property(FIELDS, (raw) => {
        const upstream = Object.fromEntries(pairs(raw));
        for (const [name] of pairs(writer.from(upstream))) expect(isHopByHop(name)).toBe(false);
        for (const [name] of clientTrailers(upstream) ?? []) expect(ownerOf(name)).not.toBe('connection');
      }),
      RUNS,
    );
  });

  it('has no line end that the upstream did not send as one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(announcedTrailers(text) ?? '').not.toMatch(/[\r\n]/);
      }),
      RUNS,
    );
  });

  it('never turns the path of an upstream into the address of another host', () => {
    const address = {
      hosts: new Map([['internal:80', '/base']]),
      base: '/base',
      swap: { upstream: '', public: '/public' },
    };
    const piece = fc.constantFrom('/', '\\', '\t', 'base', 'evil.test', '..', '?', '#', ':', '@');
    const path = fc.array(piece, { maxLength: 8 }).map((pieces) => `/base${pieces.join('')}`);
    fc.assert(
      fc.property(path, (location) => {
        const url = new URL(String(toPublic({ location }, address)['location']), 'http://gateway.test');
        expect(url.host).toBe('gateway.test');
      }),
      RUNS,
    );
  });
});

describe('the chain of proxies', () => {
  const isTrusted = compileRanges(['10.0.0.0/8']);
  const untrusted = fc.ipV4().filter((address) => !isTrusted(address));
  const hops = fc.array(fc.constantFrom('10.0.0.1', '10.1.2.3', '::ffff:10.9.9.9'), { maxLength: 3 });

  it('ends at the first address from the right that is not trusted, whatever stands before it', () => {
    const claims = fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('', 'unknown', '_x', '10.0.0.1')));
    fc.assert(
      fc.property(claims, untrusted, hops, (claimed, client, proxies) => {
        const list = [...claimed, client, ...proxies].join(', ');
        expect(clientIp('10.0.0.1', list, isTrusted)).toBe(client);
        expect(clientIp(client, list, isTrusted)).toBe(client);
      }),
      RUNS,
    );
  });

  it('is written in the grammar of RFC 7239, with an element for each proxy', () => {
    const PAIR = String.raw`[a-z]+=(?:[!#$%&'*+.^_\`|~0-9A-Za-z-]+|"[^"\\\r\n]*")`;
    const FORWARDED = new RegExp(`^${PAIR}(?:;${PAIR})*(?:, ${PAIR}(?:;${PAIR})*)*$`);
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.ipV4(), fc.ipV6(), fc.webAuthority());
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), text, text, (chain, host, proto) => {
        const field = forwardedField({ for: chain.join(', '), host, proto, port: '', prefix: '' });
        expect(field).toMatch(FORWARDED);
      }),
      RUNS,
    );
  });
});

describe('values of others', () => {
  it('never make Cache-Control throw, nor a lifetime that is none', () => {
    const piece = fc.constantFrom(
      'max-age',
      's-maxage',
      '=',
      '"',
      '\\',
      ',',
      '1',
      '-1',
      '9'.repeat(30),
      '__proto__',
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 12 }).map((all) => all.join('')),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.oneof(text, fc.array(text)), (field) => {
        const seconds = deltaSeconds(parseCacheControl(field), 'max-age') ?? 0;
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(seconds).toBeLessThanOrEqual(2 ** 31);
      }),
      RUNS,
    );
  });

  it('of a token become visible ASCII', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(headerValue(claimPath('a')({ a: value })) ?? '').toMatch(/^[\x20-\x7e]*$/);
      }),
      RUNS,
    );
  });

  it('are escaped in problem documents', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (detail) => {
        const body = JSON.stringify(new ProblemError('no_route', { detail, upstream: detail }).details('id'));
        expect(body.split('').filter((char) => char < ' ')).toEqual([]);
        expect(JSON.parse(body)).toMatchObject({ code: 'no_route', detail, upstream: detail });
      }),
      RUNS,
    );
  });
});
