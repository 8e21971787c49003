import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';
import { ok, rawUpstream } from '../support/raw-upstream.js';

const UTF8 = Buffer.from('Zoë 日本').toString('latin1');
const NAMES = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'prototype'];

describe('header values beyond ASCII', () => {
  it('reach the client unchanged', async () => {
    const users = rawUpstream(Buffer.from(ok('hello', `X-Name: ${UTF8}`, 'X-Latin: Zo\xeb'), 'latin1'));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
    const [answer] = answersIn(await raw(gw.url, requestHead('GET /1', 'Connection: close')));
    expect(answer).toMatchObject({ status: 200, headers: { 'x-name': [UTF8], 'x-latin': ['Zo\xeb'] } });
  });
});

describe('header names that are properties of every JavaScript object', () => {
  it('reach the client like any other', async () => {
    const users = rawUpstream(ok('hello', ...NAMES.map((name) => `${name}: a`)));
    const gw = await gateway(ONE_ROUTE).withUpstream('users', users.server).start();
    const received = await raw(gw.url, requestHead('GET /1', 'Connection: close'));
    for (const name of NAMES) expect(received.toLowerCase()).toContain(`\r\n${name.toLowerCase()}: a\r\n`);
  });
});
