import { Controller, Get, Module, Next } from '@nestjs/common';
import type { NextFunction } from 'express';
import { beforeEach, describe, expect, it } from 'vitest';
import { InjectUpstream, UpstreamModule, UpstreamProxy } from '../../src/index.js';
import { ExchangeMiddleware } from '../../src/modules/routing/exchange.middleware.js';
import { gateway } from '../support/gateway.js';
import { fieldsOf, recording } from '../support/recording.js';

@Controller('code')
class CallingController {
  constructor(@InjectUpstream('users') private readonly users: UpstreamProxy) {}

  @Get('call')
  async call(): Promise<string> {
    await new Promise((resolve) => setImmediate(resolve));
    await (await this.users.get('/first')).text();
    return (await this.users.send({ method: 'POST', path: '/second' })).text();
  }

  @Get('own')
  async own(): Promise<string> {
    return (await this.users.get('/own', { headers: ['x-request-id', 'mine'] })).text();
  }

  @Get('pass')
  pass(@Next() next: NextFunction): void {
    next();
  }
}

@Module({ imports: [UpstreamModule.forFeature('users')], controllers: [CallingController] })
class CallingModule {}

const users = recording();
const gw = gateway(`
upstreams: { users: { url: "\${USERS_URL}" } }
routes: [{ id: all, match: { path: /** }, upstream: users }]`)
  .withUpstream('users', users.handler)
  .withModule(CallingModule)
  .startOnce();
beforeEach(users.clear);

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** @returns the values that the upstream has received of a header in each request */
const received = (name: string) => users.requests.map((req) => fieldsOf(req, name));

describe('a call of a controller to an upstream', () => {
  it('has the id and the trace of the request that the controller handles', async () => {
    const headers = { traceparent: TRACE, tracestate: 'a=1', 'x-custom': 'not passed on' };
    const response = await gw.fetch('/code/call', { headers });
    const id = response.headers.get('x-request-id');
    expect(users.requests.map(({ url }) => url)).toEqual(['/first', '/second']);
    expect(received('x-request-id')).toEqual([[id], [id]]);
    expect(received('traceparent')).toEqual([[TRACE], [TRACE]]);
    expect(received('tracestate')).toEqual([['a=1'], ['a=1']]);
    expect(received('x-custom')).toEqual([[], []]);
  });

  it('does not forward an invalid traceparent', async () => {
    await gw.fetch('/code/call', { headers: { traceparent: 'none', tracestate: 'a=1' } });
    expect(received('traceparent')).toEqual([[], []]);
    expect(received('tracestate')).toEqual([[], []]);
  });

  it('is recorded in the request that the controller handles', async () => {
    const records: object[] = [];
    const off = gw.gateway.app.get(ExchangeMiddleware).finished.on(({ tries }) => records.push(...tries));
    await gw.fetch('/code/call');
    off();
    const record = { upstream: 'users', target: gw.urlOf('users'), outcome: 'success' };
    expect(records).toMatchObject([record, record]);
  });

  it('keeps the headers that it is given', async () => {
    await gw.fetch('/code/own');
    expect(received('x-request-id')).toEqual([['mine']]);
  });
});

it('a request that a controller passes on has each header once', async () => {
  const response = await gw.fetch('/code/pass', { headers: { traceparent: TRACE } });
  expect(received('x-request-id')).toEqual([[response.headers.get('x-request-id')]]);
  expect(received('traceparent')).toEqual([[TRACE]]);
});
