import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { answersIn, raw, requestHead } from '../support/http.js';
import { ONE_ROUTE } from '../support/one-route.js';

const CHROME =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7';
const HTML = 'text/html; charset=utf-8';
const DOCUMENT = 'application/problem+json';

const ROUTE = ONE_ROUTE.replace('match: { path: /** }', 'match: { path: /users }');

const plain = gateway(ROUTE)
  .withUpstream('users', (_req, res) => res.end())
  .startOnce();
const shaped = gateway(`
server:
  errors:
    typeBase: https://errors.example.com/
    bodies:
      - { statuses: [404], contentType: text/html, body: '<p title="{detail}">\${file:away.html}{code}' }
      - { statuses: [400-499], contentType: application/json, body: '{"error":"{type}","id":"{requestId}","at":{status}}' }
${ROUTE}`)
  .withUpstream('users', (_req, res) => res.end())
  .withFile('away.html', 'Not here: ')
  .startOnce();
const off = gateway(`server: { errors: { html: false } }\n${ROUTE}`)
  .withUpstream('users', (_req, res) => res.end())
  .startOnce();

async function answerTo({ url }: { readonly url: string }, accept: string | undefined, target = 'GET /none') {
  const fields = accept === undefined ? [] : [`Accept: ${accept}`];
  const [answer] = answersIn(await raw(url, requestHead(target, 'Connection: close', ...fields)));
  return answer!;
}

describe('an error', () => {
  it.each([
    ['a browser', CHROME, HTML],
    ['a client that prefers text', 'text/*, application/json;q=0.9', HTML],
    ['a client that lists HTML first', 'text/html, application/json', HTML],
    ['fetch', '*/*', DOCUMENT],
    ['a client without Accept', undefined, DOCUMENT],
    ['a library for JSON', 'application/json, text/plain, */*', DOCUMENT],
    ['a client that prefers JSON', 'text/html;q=0.5, application/json', DOCUMENT],
    ['a client that prefers problems', 'text/html;q=0.9, application/problem+json', DOCUMENT],
    ['a client that refuses HTML', 'text/html;q=0, */*', DOCUMENT],
    ['a client that takes neither', 'image/png', DOCUMENT],
    ['a client with a broken field', ';;,=q', DOCUMENT],
  ])('has the form that suits %s', async (_, accept, type) => {
    const { status, headers } = await answerTo(plain, accept);
    expect([status, headers['content-type'], headers['vary']]).toEqual([404, [type], ['Accept']]);
  });

  it('is a page without scripts that contains only the request id of the request', async () => {
    const { headers, body } = await answerTo(plain, CHROME, 'GET /none?a=<script>alert(1)</script>');
    expect(headers['content-security-policy']).toEqual([
      expect.stringMatching(/^default-src 'none';style-src 'sha256-[\w+/]+=*';/),
    ]);
    expect(headers).toMatchObject({
      'cache-control': ['no-store'],
      'x-frame-options': ['SAMEORIGIN'],
      'content-length': [String(body.length)],
    });
    expect(body).toMatch(/^<!doctype html>/);
    expect(body).toContain(`<code>${headers['x-request-id']![0]}</code>`);
    expect(body).toContain('<h1><span>404</span> Not Found</h1>');
    expect(body).not.toMatch(/script|alert|https?:/);
  });

  it('is a page of the same length for HEAD', async () => {
    const received = await raw(
      plain.url,
      requestHead('HEAD /none', `Accept: ${CHROME}`, 'Connection: close'),
    );
    expect(received).toMatch(/\r\ncontent-type: text\/html/i);
    expect(received.endsWith('\r\n\r\n')).toBe(true);
  });

  it('stays a problem document when there was no request', async () => {
    const [answer] = answersIn(
      await raw(shaped.url, `${requestHead('GET /', `Accept: ${CHROME}`)}garbage\r\n\r\n`),
    ).slice(-1);
    expect(answer).toMatchObject({ status: 400, headers: { 'content-type': [DOCUMENT] } });
    expect(JSON.parse(answer!.body)).toMatchObject({ type: 'https://errors.example.com/malformed_request' });
  });
});

describe('server.errors', () => {
  it('replaces the page and the document of its statuses', async () => {
    const page = await answerTo(shaped, CHROME);
    expect(page.headers).toMatchObject({ 'content-type': [HTML], vary: ['Accept'] });
    expect(page.body).toBe('<p title="">Not here: no_route');
    const { headers, body } = await answerTo(shaped, '*/*');
    expect(headers).toMatchObject({ 'content-type': ['application/json'], vary: ['Accept'] });
    expect(JSON.parse(body)).toEqual({
      error: 'https://errors.example.com/no_route',
      id: headers['x-request-id']![0],
      at: 404,
    });
  });

  it('does not change other statuses', async () => {
    const page = await answerTo(shaped, CHROME, 'GET /%00');
    expect(page.body).toContain('<h1><span>400</span> Bad Request</h1>');
  });

  it('can turn pages off, which removes Vary: Accept', async () => {
    const { headers } = await answerTo(off, CHROME);
    expect(headers['content-type']).toEqual([DOCUMENT]);
    expect(headers).not.toHaveProperty('vary');
  });

  it('applies to the management port', async () => {
    const response = await shaped.management('/none');
    expect(await response.json()).toMatchObject({ type: 'https://errors.example.com/no_route' });
  });

  it('can be reloaded', async () => {
    const gw = await gateway(ROUTE)
      .withUpstream('users', (_req, res) => res.end())
      .start();
    await gw.reload(`server: { errors: { typeBase: 'urn:other:' } }\n${ROUTE}`);
    expect(await (await gw.fetch('/none')).json()).toMatchObject({ type: 'urn:other:no_route' });
  });
});
