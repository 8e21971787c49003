import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Header,
  HttpCode,
  HttpException,
  Logger,
  Module,
  Param,
  Post,
  Query,
  Res,
  StreamableFile,
  UseGuards,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  AuthModule,
  Cached,
  CacheModule,
  CurrentUser,
  type Identity,
  JwtAuthGuard,
  Public,
} from '../../src/index.js';
import { gateway, type RunningGateway } from '../support/gateway.js';
import { ask } from '../support/http.js';
import { bearer, SECRET } from '../support/tokens.js';
import { until } from '../support/until.js';

let calls = 0;
let fails = false;
/** A stream that never ends. */
const held = new PassThrough();

/** Lets a request that asks for it go on when its client has left. */
class UntilLeft implements CanActivate {
  canActivate(context: ExecutionContext): true | Promise<true> {
    const req = context.switchToHttp().getRequest<Request>();
    if (req.headers['x-leave'] === undefined) return true;
    req.socket.destroy();
    return once(req.res!, 'close').then(() => true as const);
  }
}

@Controller('code')
@UseGuards(JwtAuthGuard)
class CodeController {
  @Get('mine')
  @Cached({ ttl: '1m' })
  mine(@CurrentUser() user: Identity): object {
    return { user: user.subject, n: ++calls };
  }

  @Get('text')
  @Public()
  @Cached({ per: 'public' })
  @Header('X-A', '1')
  text(): string {
    return `<p>${++calls}`;
  }

  @Get('plain')
  @Public()
  @Cached({ per: 'public' })
  @Header('Content-Type', 'text/plain')
  plain(): string {
    return `ü${++calls}`;
  }

  @Get('short')
  @Public()
  @Cached({ per: 'public', staleIfError: '1h' })
  @Header('Cache-Control', 'max-age=0')
  short(): string {
    if (fails) throw new HttpException('not today', 503);
    return String(++calls);
  }

  @Get('meanwhile')
  @Public()
  @Cached({ per: 'public', staleWhileRevalidate: '1h' })
  @Header('Cache-Control', 'max-age=0')
  meanwhile(): string {
    if (fails) throw new TypeError('not behind anybody either');
    return String(++calls);
  }

  @Get('head-of-its-own')
  @Public()
  @Cached({ per: 'public', staleWhileRevalidate: '1h', statuses: [200, 203] })
  @Header('Cache-Control', 'max-age=0')
  headOfItsOwn(@Res({ passthrough: true }) res: Response): string {
    const n = ++calls;
    if (n > 1) res.status(203).removeHeader('X-First');
    else res.set('X-First', '1');
    res.vary('X-Language').append('X-N', String(n));
    return String(n);
  }

  @Get('sends-later')
  @Public()
  @Cached({ per: 'public', staleWhileRevalidate: '1h' })
  @Header('Cache-Control', 'max-age=0')
  sendsLater(@Res({ passthrough: true }) res: Response): string | undefined {
    if (++calls === 1) return '1';
    res.end(String(calls));
    return undefined;
  }

  @Get('never')
  @Public()
  @Cached({ per: 'public' })
  @Header('Cache-Control', 'no-store')
  never(): string {
    return String(++calls);
  }

  @Get('created')
  @Public()
  @HttpCode(201)
  @Cached({ per: 'public', statuses: [201] })
  created(): string {
    return String(++calls);
  }

  @Get('nothing')
  @Public()
  @HttpCode(204)
  @Cached({ per: 'public' })
  nothing(): void {
    calls++;
  }

  @Get('reset')
  @Public()
  @HttpCode(205)
  @Cached({ per: 'public', statuses: [205] })
  reset(): void {
    calls++;
  }

  @Get('slow')
  @Public()
  @Cached({ per: 'public' })
  slow(): StreamableFile {
    calls++;
    return new StreamableFile(held);
  }

  @Get('stream')
  @Public()
  @Cached({ per: 'public' })
  stream(): StreamableFile {
    return new StreamableFile(Buffer.from(String(++calls)));
  }

  @Get('left')
  @Public()
  @UseGuards(UntilLeft)
  @Cached({ per: 'public', staleWhileRevalidate: '1h' })
  @Header('Cache-Control', 'max-age=0')
  left(): string {
    return String(++calls);
  }

  @Get('sent')
  @Public()
  @Cached({ per: 'public' })
  sent(@Res() res: Response): void {
    res.json(++calls);
  }

  @Get('sent-later')
  @Public()
  @Cached({ per: 'public' })
  sentLater(@Res() res: Response): void {
    setImmediate(() => res.json(++calls));
  }

  @Get('of/:name')
  @Public()
  @Cached({ per: 'public' })
  of(@Param('name') name: string, @Query('q') q: string): string {
    return `${name} ${q} ${++calls}`;
  }

  @Post('of/:name')
  @Public()
  @Cached()
  post(): string {
    return String(++calls);
  }
}

@Module({ imports: [AuthModule, CacheModule], controllers: [CodeController] })
class CodeModule {}

async function startGateway(): Promise<RunningGateway> {
  calls = 0;
  fails = false;
  return gateway(`
    auth: { main: { secret: "${SECRET}", algorithms: [HS256] } }
    upstreams: { none: { url: "http://127.0.0.1:1" } }
    routes: [{ id: all, match: { path: /** }, upstream: none }]`)
    .withModule(CodeModule)
    .start();
}

const getFrom =
  (gw: RunningGateway) =>
  (path: string, headers = {}, method = 'GET') =>
    ask(`${gw.url}/code/${path}`, headers, method);

const start = async () => getFrom(await startGateway());

/** The `Date` of Node may be a second behind the stored one. */
const soon = () => new Date(Date.now() + 5_000).toUTCString();

describe('@Cached()', () => {
  it('stores the result of a handler for each user', async () => {
    const get = await start();
    const as = async (sub: string) => JSON.parse((await get('mine', bearer({ sub }))).body) as object;
    expect([await as('alice'), await as('bob'), await as('alice')]).toEqual([
      { user: 'alice', n: 1 },
      { user: 'bob', n: 2 },
      { user: 'alice', n: 1 },
    ]);
    expect((await get('mine')).status).toBe(401);
    expect(await get('mine', bearer())).toMatchObject({
      headers: { 'content-type': 'application/json; charset=utf-8', age: '0' },
      cacheStatus: expect.stringMatching(/^Breakwater; hit; ttl=(60|59)$/),
    });
  });

  it.each(['text', 'plain', 'created', 'nothing', 'reset', 'of/a?q=1'])(
    'returns %s unchanged',
    async (path) => {
      const get = await start();
      const [first, second] = [await get(path), await get(path)];
      expect(calls).toBe(1);
      expect(first.cacheStatus).toBe('Breakwater; fwd=uri-miss');
      expect(second.cacheStatus).toMatch(/^Breakwater; hit/);
      const kept = ({ status, body, headers }: typeof first) => [
        status,
        body,
        headers['content-type'],
        headers['content-length'],
        headers['x-a'],
      ];
      expect(kept(second)).toEqual(kept(first));
    },
  );

  it('frames responses without a body correctly', async () => {
    const get = await start();
    for (const _ of [1, 2]) {
      const { status, headers } = await get('nothing');
      expect([status, headers['content-length'], headers['transfer-encoding']]).toEqual([
        204,
        undefined,
        undefined,
      ]);
    }
    await get('text');
    const notModified = await get('text', { 'if-modified-since': soon() });
    expect(notModified.status).toBe(304);
    expect(notModified.headers['content-length']).toBeUndefined();
    expect(notModified.headers['transfer-encoding']).toBeUndefined();
    const fresh = await get('of/a', {}, 'HEAD');
    await get('of/a');
    const stored = await get('of/a', {}, 'HEAD');
    expect(stored.headers['content-length']).toBe(fresh.headers['content-length']);
    expect(stored.body).toBe('');
  });

  it('answers conditions, ranges and HEAD from the stored response', async () => {
    const get = await start();
    await get('text');
    expect(await get('text', { range: 'bytes=0-2' })).toMatchObject({ status: 206, body: '<p>' });
    expect(await get('text', {}, 'HEAD')).toMatchObject({ status: 200, headers: { 'content-length': '4' } });
    expect(await get('text', { 'if-modified-since': soon() })).toMatchObject({
      status: 304,
      body: '',
    });
    expect(calls).toBe(1);
  });

  it('distinguishes paths and queries', async () => {
    const get = await start();
    expect([
      (await get('of/a?q=1')).body,
      (await get('of/a?q=2')).body,
      (await get('of/b?q=1')).body,
    ]).toEqual(['a 1 1', 'a 2 2', 'b 1 3']);
  });

  it('calls the handler once for concurrent requests', async () => {
    const get = await start();
    const answers = await Promise.all([get('text'), get('text'), get('text')]);
    expect(answers.map(({ body }) => body)).toEqual(['<p>1', '<p>1', '<p>1']);
  });

  it('makes no request wait for a stream', async () => {
    const get = await start();
    const answers = [1, 2, 3].map(() => get('slow'));
    await until('the handler was called for each of them', () => calls === 3, 2_500);
    held.end();
    await Promise.all(answers);
  });

  it.each(['never', 'stream', 'sent', 'sent-later'])('does not store %s', async (path) => {
    const get = await start();
    expect([(await get(path)).body, (await get(path)).body]).toEqual(['1', '2']);
  });

  it('stores the whole value when the first client asks for a part', async () => {
    const get = await start();
    expect((await get('text', {}, 'HEAD')).status).toBe(200);
    expect(await get('text', { range: 'bytes=0-2' })).toMatchObject({ status: 206, body: '<p>' });
    expect(calls).toBe(1);
  });

  it('calls the handler for other methods', async () => {
    const get = await start();
    expect([(await get('of/a', {}, 'POST')).body, (await get('of/a', {}, 'POST')).body]).toEqual(['1', '2']);
  });

  it('invalidates after a successful POST', async () => {
    const get = await start();
    expect((await get('of/a')).body).toBe('a undefined 1');
    await get('of/b', {}, 'POST');
    expect((await get('of/a')).body).toBe('a undefined 1');
    await get('of/a', {}, 'POST');
    expect((await get('of/a')).body).toBe('a undefined 4');
  });

  it('returns the stale response when the handler fails', async () => {
    const get = await start();
    await get('short');
    fails = true;
    expect(await get('short')).toMatchObject({
      status: 200,
      body: '1',
      headers: { 'breakwater-fallback': 'stale' },
      cacheStatus: 'Breakwater; fwd=stale; fwd-status=503; detail=stale-if-error',
    });
    expect((await get('short', { 'cache-control': 'no-cache' })).status).toBe(503);
  });

  it('answers at once while it revalidates', async () => {
    const get = await start();
    await get('meanwhile');
    expect((await get('meanwhile')).body).toBe('1');
    await until('the new answer is stored', async () => Number((await get('meanwhile')).body) > 1);
  });

  it('revalidates for a client that has left before its stale answer', async () => {
    const get = await start();
    await get('left');
    await expect(get('left', { 'x-leave': '1' })).rejects.toThrow('socket hang up');
    await until('the handler is called once more', () => calls === 2);
    expect((await get('left')).body).toBe('2');
  });

  it('does not mistake a new response for a validation', async () => {
    const get = await start();
    await get('meanwhile');
    expect((await get('meanwhile', { 'if-modified-since': soon() })).status).toBe(304);
    expect(calls).toBe(2);
    expect((await get('meanwhile')).body).toBe('2');
  });

  it('logs a failed background revalidation', async () => {
    const logged = vi.spyOn(Logger.prototype, 'error');
    onTestFinished(() => logged.mockRestore());
    const get = await start();
    await get('meanwhile');
    fails = true;
    expect(await get('meanwhile')).toMatchObject({ status: 200, body: '1' });
    const message = 'not behind anybody either';
    expect(logged.mock.calls).toMatchObject([[{ message, err: { type: 'TypeError' } }]]);
  });

  it('stores the head that a handler sets while it revalidates', async () => {
    const logged = vi.spyOn(Logger.prototype, 'error');
    onTestFinished(() => logged.mockRestore());
    const gw = await startGateway();
    const get = getFrom(gw);
    const read = async () => {
      const { status, body, headers } = await get('head-of-its-own');
      return [status, body, headers['x-n'], headers['x-first'], headers['vary']];
    };
    const first = [200, '1', '1', '1', 'X-Language'];
    expect([await read(), await read()]).toEqual([first, first]);
    const hits =
      'breakwater_requests_total{route="/code/head-of-its-own",method="GET",status="200",outcome="cache_hit"}';
    await until(
      'the hit is counted with the status that was sent',
      async () => (await gw.metric(hits)) === 1,
    );
    const newer = await until('the new answer is stored', async () => {
      const answer = await read();
      return answer[1] === '1' ? undefined : answer;
    });
    expect(newer).toEqual([203, newer[1], newer[1], undefined, 'X-Language']);
    expect(logged).not.toHaveBeenCalled();
  });

  it('ignores what a handler sends by itself while it revalidates', async () => {
    const get = await start();
    for (const _ of [1, 2, 3]) expect(await get('sends-later')).toMatchObject({ status: 200, body: '1' });
    expect(calls).toBeGreaterThan(1);
  });

  it('rejects an invalid option by name', () => {
    // @ts-expect-error: a duration with a unit
    expect(() => Cached({ ttl: true, perr: 'user' })).toThrow(/^@Cached: .*perr/);
  });
});
