import { describe, expect, it } from 'vitest';
import { compileBody } from './body-template.js';
import { ProblemError } from './problem.js';

const problem = new ProblemError('breaker_open', { upstream: 'orders', detail: `"A" & 'B' <c>\n` }).details(
  'urn:a:',
  'id-1',
);

describe('the body of an error', () => {
  it('has each member of the problem filled in, and other braces as they are', () => {
    const text =
      '{status} {reason} {code} {type} {title} {upstream} {requestId} {status}{ status} {Status} {"a":{}}';
    expect(compileBody('text/plain', text)(problem)).toBe(
      '503 Service Unavailable breaker_open urn:a:breaker_open The circuit breaker of the upstream is open orders id-1 503{ status} {Status} {"a":{}}',
    );
  });

  it.each([
    ['text/html', '&#34;A&#34; &#38; &#39;B&#39; &#60;c&#62;\n'],
    ['application/xml', '&#34;A&#34; &#38; &#39;B&#39; &#60;c&#62;\n'],
    ['image/svg+xml', '&#34;A&#34; &#38; &#39;B&#39; &#60;c&#62;\n'],
    ['application/json', String.raw`\"A\" & 'B' <c>\n`],
    ['application/vnd.a+json', String.raw`\"A\" & 'B' <c>\n`],
    ['text/plain', `"A" & 'B' <c>\n`],
  ])('has values escaped for %s', (mediaType, expected) => {
    expect(compileBody(mediaType, '{detail}')(problem)).toBe(expected);
  });

  it('leaves empty what the error does not have', () => {
    const other = new ProblemError('no_route', { status: 599 }).details('urn:a:');
    expect(compileBody('text/plain', '[{detail}] [{upstream}] [{requestId}] {reason}')(other)).toBe(
      '[] [] [] Error',
    );
  });
});
