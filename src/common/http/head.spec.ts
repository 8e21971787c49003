import { describe, expect, it } from 'vitest';
import { inspectHead as inspect } from './head.js';

const inspectHead = (raw: string[], httpVersion = '1.1') => inspect(raw, httpVersion);

describe('inspectHead', () => {
  it('finds the host and whether a body comes', () => {
    expect(inspectHead(['HOST', 'a.com', 'Accept', '*/*'])).toEqual({ host: 'a.com', hasBody: false });
    expect(inspectHead(['Host', 'a', 'Content-Length', '5'])).toEqual({ host: 'a', hasBody: true });
    expect(inspectHead(['Host', 'a', 'Content-Length', '0'])).toEqual({ host: 'a', hasBody: false });
    expect(inspectHead(['Host', 'a', 'Transfer-Encoding', 'Chunked'])).toEqual({ host: 'a', hasBody: true });
    expect(inspectHead([])).toEqual({ host: '', hasBody: false });
  });

  it.each([
    ',chunked',
    'chunked, chunked',
    'identity, chunked',
    '"chunked"',
    'chunked;x',
    'xchunked',
    'gzip',
    '',
  ])('refuses the transfer coding %j', (coding) => {
    expect(() => inspectHead(['Transfer-Encoding', coding])).toThrow(
      expect.objectContaining({
        code: 'malformed_request',
        options: expect.objectContaining({ close: true }),
      }),
    );
  });

  it('refuses a transfer coding in HTTP/1.0', () => {
    expect(() => inspectHead(['Transfer-Encoding', 'chunked'], '1.0')).toThrow(
      expect.objectContaining({ code: 'malformed_request' }),
    );
  });

  it.each(['2.0', '0.9'])('refuses HTTP/%s', (version) => {
    expect(() => inspectHead(['Host', 'a'], version)).toThrow(
      expect.objectContaining({ code: 'malformed_request' }),
    );
  });

  it('refuses a second Host and a second Authorization', () => {
    expect(() => inspectHead(['Host', 'a', 'host', 'a'])).toThrow(
      expect.objectContaining({ code: 'malformed_host' }),
    );
    expect(() => inspectHead(['Authorization', 'Bearer a', 'authorization', 'Bearer b'])).toThrow(
      expect.objectContaining({ code: 'malformed_request' }),
    );
  });

  it('takes 100 headers and refuses 101', () => {
    const headers = (n: number) => Array.from({ length: n }, (_, i) => [`x-${i}`, '1']).flat();
    expect(inspectHead(headers(100)).host).toBe('');
    expect(() => inspectHead(headers(101))).toThrow(expect.objectContaining({ code: 'headers_too_large' }));
  });
});
