import { describe, expect, it } from 'vitest';
import { clientResponseHeaders } from './response-headers.js';

const DEFAULTS = [{ name: 'x-frame-options', value: 'SAMEORIGIN' }];
const DROPPED = new Set(['x-powered-by']);

describe('clientResponseHeaders', () => {
  it('keeps repeated fields apart, and adds defaults the upstream did not decide on', () => {
    const headers = clientResponseHeaders({ 'set-cookie': ['a=1', 'b=2'], 'x-y': 'z' }, DEFAULTS, DROPPED);
    expect(headers).toEqual([
      'set-cookie',
      'a=1',
      'set-cookie',
      'b=2',
      'x-y',
      'z',
      'x-frame-options',
      'SAMEORIGIN',
    ]);
  });

  it('lets the upstream decide', () => {
    expect(clientResponseHeaders({ 'x-frame-options': 'DENY' }, DEFAULTS, DROPPED)).toEqual([
      'x-frame-options',
      'DENY',
    ]);
  });

  it('drops hop-by-hop fields, framing, what Connection names, and what is never passed on', () => {
    const upstream = {
      connection: ['close', 'X-Once'],
      'x-once': '1',
      'keep-alive': 'timeout=5',
      'transfer-encoding': 'chunked',
      'content-length': '3',
      trailer: 'X',
      'x-powered-by': 'PHP',
    };
    expect(clientResponseHeaders(upstream, [], DROPPED)).toEqual([]);
  });
});
