import { gzipSync } from 'node:zlib';
import { Body, Controller, Module, Next, Post, Req, Res } from '@nestjs/common';
import type { RawBodyRequest } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { gateway } from '../support/gateway.js';
import { collectBody, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

@Controller('code')
class BodyController {
  @Post()
  echo(@Body() body: unknown): object {
    return { parsed: body ?? null };
  }

  @Post('name')
  name(@Body('name') name: string, @Req() req: RawBodyRequest<Request>): object {
    return { name, raw: req.rawBody?.toString() };
  }

  @Post('stream')
  async stream(@Req() req: Request): Promise<object> {
    return { streamed: (await collectBody(req)).toString() };
  }

  @Post('events')
  events(@Req() req: Request, @Res() res: Response): void {
    req.on('error', () => res.status(400).json({ failed: true })).resume();
  }

  @Post('large')
  async large(@Req() req: Request): Promise<object> {
    return { bytes: (await collectBody(req)).length };
  }

  @Post('pass')
  pass(@Next() next: NextFunction): void {
    next();
  }
}

@Controller({ path: 'elsewhere', host: 'other.test' })
class OtherHostController {
  @Post()
  never(): string {
    return 'of another host';
  }
}

@Module({ controllers: [BodyController, OtherHostController] })
class BodyModule {}

const mirrored: string[] = [];
const gw = gateway(`
server: { maxBodyBytes: 4MiB }
upstreams:
  users: { url: "\${USERS_URL}" }
  next: { url: "\${NEXT_URL}" }
routes:
  - { id: large, match: { path: /code/large }, upstream: users, maxBodyBytes: 8MiB }
  - { id: all, match: { path: /** }, upstream: users, mirror: { upstream: next, percent: 100% } }`)
  .withUpstream('next', (req, res) => {
    void collectBody(req).then((body) => {
      mirrored.push(`${req.url} ${body.toString()}`);
      res.end();
    });
  })
  .withUpstream('users', (req, res) => {
    void collectBody(req).then((body) => res.end(`${req.headers['content-length']} ${body.toString()}`));
  })
  .withModule(BodyModule)
  .startOnce();

const post = (path: string, body: string | Buffer, type: string, headers: Record<string, string> = {}) =>
  gw.fetch(path, { method: 'POST', body, headers: { 'content-type': type, ...headers } });
const MIB = 1024 * 1024;
const JSON_TYPE = 'application/json';

describe('a user controller', () => {
  it.each([
    ['JSON', '{"a":[1]}', JSON_TYPE, { parsed: { a: [1] } }],
    ['a form', 'a=1&b[c]=2', 'application/x-www-form-urlencoded', { parsed: { a: '1', b: { c: '2' } } }],
    ['nothing of another type', 'text', 'text/plain', { parsed: null }],
  ])('gets %s', async (_, body, type, expected) => {
    const response = await post('/code', body, type);
    expect(await response.json()).toEqual(expected);
  });

  it('gets the parsed members and the raw bytes', async () => {
    const response = await post('/code/name', '{ "name": "alice" }', JSON_TYPE);
    expect(await response.json()).toEqual({ name: 'alice', raw: '{ "name": "alice" }' });
  });

  it('can read a body of another type itself', async () => {
    const response = await post('/code/stream', 'bytes', 'application/octet-stream');
    expect(await response.json()).toEqual({ streamed: 'bytes' });
  });

  it('gets 413 for a body over maxBodyBytes, also when it reads the stream itself', async () => {
    const announced = await post('/code/stream', Buffer.alloc(5 * MIB), 'application/octet-stream');
    expect([announced.status, await announced.json()]).toMatchObject([413, { code: 'body_too_large' }]);
    const client = await RawConnection.to(gw.url);
    client.send(requestHead('POST /code/stream', 'Transfer-Encoding: chunked'));
    for (let i = 0; i < 5; i++) client.send(`${MIB.toString(16)}\r\n${'a'.repeat(MIB)}\r\n`);
    expect(await client.until('body_too_large')).toContain('HTTP/1.1 413');
  });

  it('cannot change the response after its body has failed', async () => {
    const client = await RawConnection.to(gw.url);
    client.send(requestHead('POST /code/events', 'Transfer-Encoding: chunked'));
    for (let i = 0; i < 5; i++) client.send(`${MIB.toString(16)}\r\n${'a'.repeat(MIB)}\r\n`);
    client.send('0\r\n\r\n');
    expect(await client.ended()).toBe('closed');
    expect(client.received).toContain('HTTP/1.1 413');
    expect(client.received).not.toContain('failed');
  });

  it('gets a body up to the limit of a route that it may pass the request on to', async () => {
    const response = await post('/code/large', Buffer.alloc(5 * MIB, 'a'), 'application/octet-stream');
    expect(await response.json()).toEqual({ bytes: 5 * MIB });
  });

  it.each([
    ['that is no JSON', '{"secret":', {}, 400, 'malformed_request'],
    ['over 1 MiB', JSON.stringify('x'.repeat(1024 * 1024)), {}, 413, 'body_too_large'],
    ['that is compressed', gzipSync('{}'), { 'content-encoding': 'gzip' }, 415, 'content_type_not_allowed'],
  ])('gets no body %s', async (_, body, headers, status, code) => {
    const response = await post('/code', body, JSON_TYPE, headers);
    const text = await response.text();
    expect([response.status, (JSON.parse(text) as { code?: string }).code]).toEqual([status, code]);
    expect(text).not.toContain('secret');
  });

  it.each(['/code/pass', '/elsewhere', '/code/unknown', '/proxied'])(
    'leaves the body of a request that it does not answer to the upstream: %s',
    async (path) => {
      expect(await (await post(path, '{ "a": 1 }', JSON_TYPE)).text()).toBe('10 { "a": 1 }');
      await until('it is mirrored', () => mirrored.includes(`${path} { "a": 1 }`));
    },
  );
});
