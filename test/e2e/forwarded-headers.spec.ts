import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { fieldsOf, recording } from '../support/recording.js';

const trusting = (peers: string) => `server: { trustProxy: [${peers}] }\n${ONE_ROUTE}`;
const CLAIMED = [
  'X-Forwarded-For: 203.0.113.7',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: www.example.com',
  // It is the client's own when the trusted proxy does not know the field.
  'Forwarded: for=6.6.6.6;proto=http',
];

const users = recording();
const start = (yaml: string) => gateway(yaml).withUpstream('users', users.handler).startOnce();
const GATEWAYS = {
  '::': gateway(trusting('::ffff:127.0.0.1'))
    .withUpstream('users', users.handler)
    .listeningOn('::')
    .startOnce(),
  nobody: start(ONE_ROUTE),
  others: start(trusting('10.0.0.0/8, 127.0.0.2')),
  '127.0.0.1': start(trusting('127.0.0.1')),
  '127.0.0.0/8': start(trusting('127.0.0.0/8')),
};

async function forwarded(trusted: keyof typeof GATEWAYS, ...fields: string[]) {
  users.clear();
  const gw = GATEWAYS[trusted];
  const close = fields.some((each) => each.startsWith('Connection:')) ? [] : ['Connection: close'];
  await raw(gw.url, requestHead('GET /1', 'Host: api.example.com:8443', ...close, ...fields));
  const request = users.requests[0]!;
  const names = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-port', 'forwarded'];
  return Object.fromEntries(names.map((name) => [name, fieldsOf(request, name)]));
}

describe('the origin of a request', () => {
  it('is sent to the upstream', async () => {
    expect(await forwarded('nobody')).toEqual({
      'x-forwarded-for': ['127.0.0.1'],
      'x-forwarded-proto': ['http'],
      'x-forwarded-host': ['api.example.com:8443'],
      'x-forwarded-port': ['8443'],
      forwarded: ['for=127.0.0.1;host="api.example.com:8443";proto=http'],
    });
  });

  it.each(['nobody', 'others'] as const)(
    'is not taken from the client when %s are trusted',
    async (trusted) => {
      expect(await forwarded(trusted, ...CLAIMED)).toEqual(await forwarded(trusted));
    },
  );

  it.each(['127.0.0.1', '127.0.0.0/8', '::'] as const)(
    'is taken from the client and extended when %s is trusted',
    async (peers) => {
      expect(await forwarded(peers, ...CLAIMED)).toEqual({
        'x-forwarded-for': ['203.0.113.7, 127.0.0.1'],
        'x-forwarded-proto': ['https'],
        'x-forwarded-host': ['www.example.com'],
        'x-forwarded-port': ['443'],
        forwarded: ['for=203.0.113.7;host=www.example.com;proto=https, for=127.0.0.1'],
      });
    },
  );

  it('uses the protocol of a trusted proxy for the whole chain', async () => {
    expect(await forwarded('127.0.0.1', 'X-Forwarded-Proto: https')).toMatchObject({
      'x-forwarded-proto': ['https'],
      forwarded: ['for=127.0.0.1;host="api.example.com:8443";proto=https'],
    });
  });

  it('is taken from several lines of a field', async () => {
    const lines = ['X-Forwarded-For: 203.0.113.7', 'X-Forwarded-For: 198.51.100.1, 192.0.2.9'];
    expect(await forwarded('127.0.0.1', ...lines)).toMatchObject({
      'x-forwarded-for': ['203.0.113.7, 198.51.100.1, 192.0.2.9, 127.0.0.1'],
    });
  });

  it('is kept when the client of a trusted proxy names it in `Connection`', async () => {
    const named = 'Connection: close, X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, Forwarded';
    const told = await forwarded('127.0.0.1', ...CLAIMED, named);
    expect(told).toEqual(await forwarded('127.0.0.1', ...CLAIMED));
  });
});
