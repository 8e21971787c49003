import { Readable } from 'node:stream';
import {
  All,
  Controller,
  Get,
  Headers,
  HttpCode,
  Module,
  NotFoundException,
  Post,
  Req,
  Res,
} from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { Next, Sse, StreamableFile } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { GatewayRoute } from '../../src/index.js';
import { gateway } from '../support/gateway.js';
import { answersIn, ask, collectBody, raw, requestHead } from '../support/http.js';
import { RawConnection } from '../support/raw-connection.js';
import { bearer, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';

const RULES = {
  headers: {
    request: { set: { 'x-tenant': '{claim:tenant}', 'x-id': '{id}', 'x-fixed': 'a' }, remove: ['x-secret'] },
    response: {
      set: { 'x-id': '{id}', 'x-sub': '{claim:sub}', 'cache-control': 'no-store' },
      remove: ['x-gone'],
    },
  },
};

/** What the handlers of bodies have read, or why they have not. */
const read: string[] = [];

@Controller('code')
class OptionsController {
  @Get('headers/:id')
  @GatewayRoute(RULES)
  headers(@Headers() headers: Record<string, string>) {
    return headers;
  }

  @Get('cached/:id')
  @GatewayRoute({ headers: { request: { set: { 'x-region': '{claim:region}' } } }, cache: { ttl: '1h' } })
  cached(@Headers('x-region') region: string) {
    return region;
  }

  @Get('written/:id')
  @GatewayRoute({ ...RULES, auth: 'none' })
  written(@Res() res: Response) {
    res.setHeader('X-Gone', '1');
    res.writeHead(202, 'Taken', [
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ]);
    res.write('one ');
    res.end('two');
  }

  @Get('streamed/:id')
  @GatewayRoute({ ...RULES, auth: 'none' })
  streamed() {
    return new StreamableFile(Readable.from(['one ', 'two']));
  }

  @Sse('events/:id')
  @GatewayRoute({ ...RULES, auth: 'none' })
  events() {
    return of({ data: 'first' });
  }

  @Get('missing/:id')
  @GatewayRoute({ ...RULES, auth: 'none' })
  missing() {
    throw new NotFoundException();
  }

  @Get('passed/:id')
  @GatewayRoute({ ...RULES, auth: 'none' })
  passed(@Next() next: NextFunction) {
    next();
  }

  @Get('denied')
  @GatewayRoute({ auth: 'none', access: { deny: ['127.0.0.0/8'] } })
  denied() {
    return {};
  }

  @Get('page')
  @GatewayRoute({ auth: 'none', cors: { origins: ['https://app.example.com'], headers: ['x-a'] } })
  page() {
    return {};
  }

  @All('any')
  @GatewayRoute({ auth: 'none', cors: { origins: ['https://app.example.com'], headers: ['x-a'] } })
  any() {
    return {};
  }

  @Get('page-of-server')
  @GatewayRoute({ auth: 'none' })
  pageOfServer() {
    return {};
  }

  @Get('no-page')
  @GatewayRoute({ auth: 'none', cors: 'off' })
  noPage() {
    return {};
  }

  @Get('bare')
  @GatewayRoute({ auth: 'none', securityHeaders: 'off' })
  bare() {
    return {};
  }

  @Get('framed')
  @GatewayRoute({ auth: 'none', securityHeaders: { xFrameOptions: { action: 'deny' } } })
  framed(@Res({ passthrough: true }) res: Response) {
    res.setHeader('Referrer-Policy', 'origin');
    return {};
  }

  @Get('long')
  @GatewayRoute({ auth: 'none', compression: true })
  long() {
    return 'a'.repeat(5000);
  }

  @Get('long-as-it-is')
  @GatewayRoute({ auth: 'none' })
  longAsItIs() {
    return 'a'.repeat(5000);
  }

  @Post('body')
  @HttpCode(200)
  @GatewayRoute({ auth: 'none', maxBodyBytes: '1KiB' })
  async body(@Req() req: Request & { rawBody?: Buffer }) {
    return { bytes: (req.rawBody ?? (await collectBody(req))).length };
  }

  @Post('events')
  @GatewayRoute({ auth: 'none', maxBodyBytes: '1KiB' })
  byEvents(@Req() req: Request, @Res() res: Response) {
    req.on('data', () => undefined);
    req.on('end', () => read.push('end'));
    req.on('close', () => read.push('close'));
    res.on('close', () => read.push('answered'));
    // Too late, as an answer that waits for something else can be.
    req.on('close', () => res.json('late'));
  }

  @Post('slow')
  @GatewayRoute({ auth: 'none', requestTimeout: '100ms' })
  async slow(@Req() req: Request) {
    return { bytes: (await collectBody(req)).length };
  }

  @Get('broken')
  @GatewayRoute({
    auth: 'none',
    fault: { abort: { status: 418 } },
    headers: { response: { set: { 'x-a': 'b' } } },
  })
  broken() {
    return {};
  }

  @Get('delayed')
  @GatewayRoute({ auth: 'none', fault: { delay: { for: '20ms' } } })
  delayed() {
    return {};
  }
}

@Module({ controllers: [OptionsController] })
class OptionsModule {}

@Controller('pages')
class AdminPagesController {
  @Get()
  @GatewayRoute({ auth: 'none', cors: { origins: ['https://admin.example.com'] } })
  read() {
    return 'of admins';
  }
}

@Module({ controllers: [AdminPagesController] })
class AdminModule {}

@Controller('pages')
class PagesController {
  @Get()
  @GatewayRoute({ auth: 'none', cors: 'off' })
  read() {
    return 'of everybody';
  }
}

@Module({
  imports: [AdminModule, RouterModule.register([{ path: 'admin', module: AdminModule }])],
  controllers: [PagesController],
})
class PagesModule {}

const gw = gateway(`
server: { maxBodyBytes: 512B, cors: { origins: [https://server.example.com] } }
auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: all, match: { path: /** }, upstream: users, auth: none, compression: true, requestTimeout: 1h, cors: { origins: ["*"] } }]`)
  .withUpstream('users', (req, res) =>
    res.writeHead(200, { 'x-gone': '1' }).end(String(req.headers['x-fixed'])),
  )
  .withModule(OptionsModule)
  .startOnce();

describe('header rules of a handler', () => {
  it('change the request headers, with path segments and claims', async () => {
    const response = await gw.fetch('/code/headers/7', {
      headers: { ...bearer({ tenant: 'acme' }), 'x-secret': '1', 'x-fixed': 'b', 'x-kept': 'c' },
    });
    const headers = (await response.json()) as Record<string, string>;
    expect(headers).toMatchObject({ 'x-tenant': 'acme', 'x-id': '7', 'x-fixed': 'a', 'x-kept': 'c' });
    expect(headers).not.toHaveProperty('x-secret');
    expect(response.headers.get('x-sub')).toBe('alice');
  });

  it.each([
    ['written', 202, 'one two'],
    ['streamed', 200, 'one two'],
    ['events', 200, 'data: first'],
    ['missing', 404, '"statusCode":404'],
  ])('change the response headers, however the response is sent: %s', async (path, status, text) => {
    const response = await gw.fetch(`/code/${path}/7`);
    expect(response.status).toBe(status);
    expect(response.headers.get('x-id')).toBe('7');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-gone')).toBeNull();
    // Without a token there is no such claim.
    expect(response.headers.get('x-sub')).toBeNull();
    expect(await response.text()).toContain(text);
    if (path !== 'written') return;
    expect(response.statusText).toBe('Taken');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  });

  it('are part of its cache key', async () => {
    const answers = [];
    for (const region of ['eu', 'us', 'eu'])
      answers.push(await gw.fetch('/code/cached/7', { headers: bearer({ region }) }));
    expect(await Promise.all(answers.map((each) => each.text()))).toEqual(['eu', 'us', 'eu']);
    expect(answers[2]?.headers.get('cache-status')).toContain('hit');
  });

  it('do not apply to errors of the gateway', async () => {
    const response = await gw.fetch('/code/headers/7');
    expect([response.status, response.headers.get('x-id')]).toEqual([401, null]);
  });

  it('do not apply to requests that are passed on to the route', async () => {
    const response = await gw.fetch('/code/passed/7');
    expect([response.headers.get('x-gone'), response.headers.get('x-id')]).toEqual(['1', null]);
    expect(await response.text()).toBe('undefined');
  });
});

it('`access` of a handler refuses addresses', async () => {
  const response = await gw.fetch('/code/denied');
  expect([response.status, await response.json()]).toMatchObject([403, { code: 'address_denied' }]);
});

describe('`cors` of a handler', () => {
  const preflight = (path: string, origin: string) =>
    ask(
      gw.url + path,
      { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'x-a' },
      'OPTIONS',
    );

  it.each(['/code/page', '/code/any'])(
    'answers preflight requests, and lets pages read: %s',
    async (path) => {
      const origin = 'https://app.example.com';
      const { status, headers } = await preflight(path, origin);
      expect([status, headers['access-control-allow-origin']]).toEqual([204, origin]);
      expect(headers['access-control-allow-headers']).toBe('x-a');
      const response = await ask(gw.url + path, { origin });
      expect([response.status, response.headers['access-control-allow-origin']]).toEqual([200, origin]);
      const other = await ask(`${gw.url}/code/page`, { origin: 'https://evil.example' });
      expect([other.headers['access-control-allow-origin'], other.headers.vary]).toEqual([
        undefined,
        'Origin',
      ]);
    },
  );

  it('defaults to that of the server, not to that of a route with the same path', async () => {
    const origin = 'https://server.example.com';
    const { headers } = await ask(`${gw.url}/code/page-of-server`, { origin });
    expect(headers['access-control-allow-origin']).toBe(origin);
    expect((await preflight('/code/no-page', origin)).headers['access-control-allow-origin']).toBeUndefined();
  });
});

it('`securityHeaders` of a handler are those of the server by default, and its own headers win', async () => {
  const of = async (path: string) => (await gw.fetch(path)).headers;
  const [byDefault, off, framed] = [await of('/code/page'), await of('/code/bare'), await of('/code/framed')];
  expect(byDefault.get('x-content-type-options')).toBe('nosniff');
  expect(off.get('x-content-type-options')).toBeNull();
  expect([framed.get('x-frame-options'), framed.get('referrer-policy')]).toEqual(['DENY', 'origin']);
});

it('`compression` of a handler is not that of the route with its path', async () => {
  const encodingOf = async (path: string) =>
    (await ask(gw.url + path, { 'accept-encoding': 'gzip' })).headers['content-encoding'];
  expect([await encodingOf('/code/long'), await encodingOf('/code/long-as-it-is')]).toEqual([
    'gzip',
    undefined,
  ]);
});

it('options belong to one handler, also when `RouterModule` mounts another one of the same path', async () => {
  const pages = await gateway('upstreams: {}\nroutes: []').withModule(PagesModule).start();
  const origin = 'https://admin.example.com';
  const allowed = async (path: string) => {
    const { body, headers } = await ask(pages.url + path, { origin });
    return [body, headers['access-control-allow-origin']];
  };
  expect(await allowed('/admin/pages')).toEqual(['of admins', origin]);
  expect(await allowed('/pages')).toEqual(['of everybody', undefined]);
});

describe('`maxBodyBytes` of a handler', () => {
  const CHUNKED = ['Transfer-Encoding: chunked', 'Content-Type: application/octet-stream'];
  const chunk = (bytes: number) => `${bytes.toString(16)}\r\n${'a'.repeat(bytes)}\r\n`;
  const problemIn = (received: string) =>
    answersIn(received).map(({ status, body }) => [status, (JSON.parse(body) as { code?: string }).code]);

  it.each(['application/json', 'application/octet-stream'])(
    "takes the place of the server's: %s",
    async (type) => {
      const post = async (length: number) => {
        const body = JSON.stringify(['a'.repeat(length)]);
        const { status } = await gw.fetch('/code/body', {
          method: 'POST',
          body,
          headers: { 'content-type': type },
        });
        return status;
      };
      expect([await post(600), await post(1100)]).toEqual([200, 413]);
    },
  );

  it.each(['/code/body', '/code/events'])('rejects a stream that exceeds the limit: %s', async (path) => {
    const answer = await raw(
      gw.url,
      requestHead(`POST ${path}`, ...CHUNKED),
      chunk(1000),
      chunk(1000),
      '0\r\n\r\n',
    );
    expect(problemIn(answer)).toEqual([[413, 'body_too_large']]);
  });

  it('rejects a body at once while the client is still sending', async () => {
    read.length = 0;
    const client = await RawConnection.to(gw.url);
    client.send(requestHead('POST /code/events', ...CHUNKED) + chunk(1000));
    client.send(chunk(1000));
    await client.until('body_too_large');
    client.send(chunk(1000)).send('0\r\n\r\n');
    await until(
      'the stream of the handler has ended',
      () => read.includes('close') && read.includes('answered'),
    );
    expect(read).not.toContain('end');
  });

  it('accepts a stream at the limit', async () => {
    const head = requestHead('POST /code/body', 'Connection: close', ...CHUNKED);
    expect(await raw(gw.url, head, chunk(24), chunk(1000), '0\r\n\r\n')).toContain('{"bytes":1024}');
  });
});

it('`requestTimeout` of a handler ends requests that take longer', async () => {
  const client = await RawConnection.to(gw.url);
  client.send(requestHead('POST /code/slow', 'Content-Length: 5', 'Content-Type: a/b') + 'a');
  expect(await client.until('request_timeout')).toContain('HTTP/1.1 408');
});

it('`fault` of a handler delays and fails its calls', async () => {
  const broken = await gw.fetch('/code/broken');
  expect([broken.status, await broken.json()]).toMatchObject([418, { code: 'fault_injected' }]);
  expect(broken.headers.get('x-a')).toBeNull();
  expect((await gw.fetch('/code/delayed')).status).toBe(200);
});
