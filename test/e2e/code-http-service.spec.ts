import { HttpService } from '@nestjs/axios';
import { Controller, Get, Headers, Inject, Module, Query, type Type } from '@nestjs/common';
import { AxiosError } from 'axios';
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { firstValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { InjectUpstreamHttp, UpstreamError, UpstreamModule } from '../../src/index.js';
import { closedPort } from '../support/closed-port.js';
import { echo, gateway, listen } from '../support/gateway.js';
import { until } from '../support/until.js';

const YAML = `
upstreams:
  users:
    url: "\${USERS_URL}"
    timeout: 10s
    retry: { attempts: 1, on: [connect, reset, 503], backoff: { base: 1ms, max: 1ms } }
    breaker: { consecutiveFailures: 2, minRequests: 100, openFor: 60s }
routes: []
`;

@Controller('code')
class CodeController {
  constructor(@Inject(HttpService) private readonly http: HttpService) {}

  @Get()
  async call(@Query('path') path: string, @Headers('traceparent') trace: string): Promise<unknown> {
    const { data } = await firstValueFrom(this.http.get<object>(path));
    return { ...data, trace };
  }
}

@Controller('named')
class NamedController {
  constructor(@InjectUpstreamHttp('orders') private readonly http: HttpService) {}

  @Get()
  async call(): Promise<unknown> {
    return (await this.http.axiosRef.get('/')).config.baseURL;
  }
}

@Module({ imports: [UpstreamModule.forFeature('users')], controllers: [CodeController] })
class CodeModule {}

async function start(users: RequestListener | string) {
  const url = typeof users === 'string' ? users : await listen(createServer(users));
  const gw = await gateway(YAML).withEnv({ USERS_URL: url }).withModule(CodeModule).start();
  return { gw, http: gw.gateway.app.get(HttpService, { strict: false }).axiosRef };
}

const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('the HttpService of an upstream', () => {
  it('sends paths with parameters, headers and bodies as axios does', async () => {
    const { http } = await start(echo);
    const { data, status, statusText } = await http.get('/users/1', {
      params: { q: 'a b', list: [1, 2] },
      headers: { 'X-Mine': 'yes', Connection: 'close' },
      auth: { username: 'alice', password: 'secret' },
    });
    expect([status, statusText]).toEqual([200, 'OK']);
    expect(data).toMatchObject({ method: 'GET', url: '/users/1?q=a+b&list%5B%5D=1&list%5B%5D=2' });
    expect(data).toMatchObject({ headers: { 'x-mine': 'yes', authorization: 'Basic YWxpY2U6c2VjcmV0' } });
    const posted = await http.post('/users', { name: 'é' });
    expect(posted.data).toMatchObject({ method: 'POST', body: '{"name":"é"}' });
    expect(posted.data).toMatchObject({
      headers: { 'content-type': 'application/json', 'content-length': '13' },
    });
    const form = new FormData();
    form.set('field', 'value');
    expect((await http.postForm('/form', form)).data).toMatchObject({
      body: expect.stringContaining('value') as string,
    });
  });

  it('puts a baseURL in front of paths, and calls no other host', async () => {
    const { http } = await start(echo);
    expect((await http.get('/1', { baseURL: '/v1/users' })).data).toMatchObject({ url: '/v1/users/1' });
    for (const call of [
      http.get('http://127.0.0.1/users'),
      http.get('/users', { baseURL: 'http://elsewhere/' }),
    ])
      expect(await failure(call)).toMatchObject({ code: 'ERR_BAD_OPTION_VALUE' });
    const proxy = { host: '127.0.0.1', port: 9 };
    expect((await http.get('/1', { proxy, socketPath: '/nowhere', httpVersion: 2 })).status).toBe(200);
  });

  it('rejects statuses by validateStatus', async () => {
    const { http } = await start((_req, res) => void res.writeHead(404).end('{"error":"none"}'));
    const error = await failure(http.get('/users/9'));
    expect(error).toBeInstanceOf(AxiosError);
    expect(error).toMatchObject({
      code: 'ERR_BAD_REQUEST',
      response: { status: 404, data: { error: 'none' } },
      cause: { upstream: 'users', outcome: 'success' },
    });
    expect((await http.get('/users/9', { validateStatus: () => true })).status).toBe(404);
  });

  it('supports each responseType, decoded, and streams without buffering', async () => {
    const bytes = randomBytes(300_000);
    const { http } = await start((_req, res) => {
      res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(bytes));
    });
    const whole = await http.get<Buffer>('/', { responseType: 'arraybuffer' });
    expect(Buffer.compare(whole.data, bytes)).toBe(0);
    const { data } = await http.get<Readable>('/', { responseType: 'stream' });
    const digest = createHash('sha256')
      .update(await buffer(data))
      .digest('hex');
    expect(digest).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(await failure(http.get('/', { maxContentLength: 1000 }))).toMatchObject({
      code: 'ERR_BAD_RESPONSE',
      message: 'maxContentLength size of 1000 exceeded',
    });
  });

  it('streams a body', async () => {
    const { http } = await start(echo);
    const body = Readable.from([Buffer.from('first '), Buffer.from('second')]);
    expect((await http.post('/upload', body)).data).toMatchObject({ body: 'first second' });
  });

  it('retries by the rules of the upstream', async () => {
    let calls = 0;
    const { http } = await start((_req, res) => void res.writeHead(++calls % 2 === 1 ? 503 : 200).end('{}'));
    expect((await http.get('/')).status).toBe(200);
    expect(calls).toBe(2);
  });

  it('throws errors of axios with the failed call as their cause', async () => {
    const { http, gw } = await start(await closedPort());
    const refused = await failure(http.get('/users/1'));
    expect(refused).toMatchObject({ isAxiosError: true, name: 'AxiosError', code: 'ECONNREFUSED' });
    await failure(http.get('/users/1'));
    const rejected = await failure(http.get('/users/1'));
    expect(rejected).toMatchObject({ code: 'breaker_open', config: { url: '/users/1' } });
    const { cause } = rejected as AxiosError;
    expect(cause).toBeInstanceOf(UpstreamError);
    expect((cause as UpstreamError).toProblem()).toMatchObject({ code: 'breaker_open', status: 503 });
    // What a handler does not catch is answered as a failed call of a route is.
    const response = await gw.fetch('/code?path=/users/1');
    expect([response.status, response.headers.has('retry-after')]).toEqual([503, true]);
    expect(await response.json()).toMatchObject({ code: 'breaker_open', upstream: 'users' });
  });

  it.each([
    [404, 'success'],
    [429, 'success'],
    [302, 'success'],
    [500, 'upstream_status'],
    [503, 'upstream_status'],
  ])('makes a %i that a handler does not catch a 502 with the outcome %s', async (status, outcome) => {
    const { gw } = await start((_req, res) => void res.writeHead(status).end('SECRET'));
    const response = await gw.fetch('/code?path=/users/1');
    const body = await response.text();
    expect([response.status, JSON.parse(body)]).toMatchObject([
      502,
      {
        code: 'upstream_unexpected_status',
        upstream: 'users',
        detail: `The upstream users answered with ${status}.`,
      },
    ]);
    expect(body).not.toContain('SECRET');
    const labels = `route="/code",method="GET",status="502",outcome="${outcome}"`;
    await until('it is counted', async () => (await gw.metric(`breakwater_requests_total{${labels}}`)) === 1);
  });

  it('uses timeout as the deadline of the call', async () => {
    const { http, gw } = await start(() => undefined);
    const error = await failure(http.get('/', { timeout: 50 }));
    expect(error).toMatchObject({ code: 'ECONNABORTED', cause: { outcome: 'deadline' } });
    const clarify = { clarifyTimeoutError: true };
    expect(await failure(http.get('/', { timeout: 50, transitional: clarify }))).toMatchObject({
      code: 'ETIMEDOUT',
    });
    expect(await gw.metric('breakwater_upstream_requests_total{upstream="users",outcome="deadline"}')).toBe(
      2,
    );
  });

  it('cancels the call on abort and on unsubscribe without a vote', async () => {
    const open = new Set<object>();
    const { http, gw } = await start((req) => {
      open.add(req);
      req.socket.once('close', () => open.delete(req));
    });
    const controller = new AbortController();
    const call = failure(http.get('/', { signal: controller.signal }));
    await until('the call is at the service', () => open.size === 1);
    controller.abort();
    expect(await call).toMatchObject({ code: 'ERR_CANCELED', name: 'CanceledError' });
    await until('the call has ended there', () => open.size === 0);
    const subscription = gw.gateway.app.get(HttpService, { strict: false }).get('/').subscribe();
    await until('the call is at the service', () => open.size === 1);
    subscription.unsubscribe();
    await until('the call has ended there', () => open.size === 0);
    const series = 'breakwater_upstream_requests_total{upstream="users",outcome="client_gone"}';
    await until('both are counted', async () => (await gw.metric(series)) === 2);
  });

  it('fails when the body is cut off', async () => {
    const { http } = await start((_req, res) => {
      res.writeHead(200, { 'content-length': '100' }).write('half');
      setImmediate(() => res.destroy());
    });
    expect(await failure(http.get('/'))).toMatchObject({
      code: 'ECONNRESET',
      cause: { outcome: 'died_mid_body' },
    });
    const { data } = await http.get<Readable>('/', { responseType: 'stream' });
    expect(await failure(text(data))).toBeInstanceOf(UpstreamError);
  });

  it('is injected by name where a module imports several', async () => {
    const imports = [UpstreamModule.forFeature('users'), UpstreamModule.forFeature('orders')];
    const two = YAML.replace('routes', '  orders: { url: "${USERS_URL}" }\nroutes');
    const run = (controller: Type) =>
      gateway(two)
        .withUpstream('users', echo)
        .withModule({ module: class SeveralModule {}, imports, controllers: [controller] })
        .start();
    await expect(run(CodeController)).rejects.toThrow(
      'CodeController injects HttpService, and its module imports several: inject one with @InjectUpstreamHttp(id)',
    );
    const gw = await run(NamedController);
    expect(await (await gw.fetch('/named')).text()).toBe('http://orders.upstream/');
  });

  it('has the request id and the trace of the request that a handler answers', async () => {
    const { gw } = await start(echo);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const response = await gw.fetch('/code?path=/users/1', { headers: { traceparent } });
    const body: unknown = await response.json();
    const id = response.headers.get('x-request-id');
    expect(body).toMatchObject({ headers: { 'x-request-id': id, traceparent } });
  });
});
