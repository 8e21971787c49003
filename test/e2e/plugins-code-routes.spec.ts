import { setImmediate as turn } from 'node:timers/promises';
import { Readable } from 'node:stream';
import {
  BadRequestException,
  Controller,
  Get,
  Header,
  Headers,
  Module,
  Res,
  StreamableFile,
} from '@nestjs/common';
import type { Response } from 'express';
import { describe, expect, it } from 'vitest';
import { GatewayRoute } from '../../src/index.js';
import { definePlugin, type RequestHooks } from '../../src/plugin.js';
import { gateway } from '../support/gateway.js';
import { until } from '../support/until.js';

let calls = 0;
/** Methods of responses whose callbacks were called. */
const calledBack: string[] = [];

@Controller('code')
class HookedController {
  @Get('value/:id')
  @GatewayRoute({ plugins: ['probe'] })
  value(@Headers() headers: Record<string, string>) {
    calls++;
    return headers;
  }

  @Get('stream/:id')
  @GatewayRoute({ plugins: ['probe'] })
  stream() {
    // More than a response buffers.
    return new StreamableFile(Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(4096, 'a'))));
  }

  @Get('text/:id')
  @GatewayRoute({ plugins: ['probe'], compression: true })
  text() {
    const text = Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(4096, 'a')));
    return new StreamableFile(text, { type: 'text/plain' });
  }

  @Get('encoded/:id')
  @GatewayRoute({ plugins: ['probe'] })
  encoded(@Res() res: Response) {
    res.set({ 'Content-Encoding': 'gzip', ETag: '"1"', 'Set-Cookie': 'a=b' }).end('not sent');
  }

  @Get('written/:id')
  @GatewayRoute({ plugins: ['probe'] })
  written(@Res() res: Response) {
    res.writeHead(200, { 'Content-Type': 'text/plain' });
    res.write('one ');
    res.end('two');
  }

  @Get('waiting/:id')
  @GatewayRoute({ plugins: ['probe'] })
  waiting(@Res() res: Response) {
    const end = () => res.end('two', () => calledBack.push('end'));
    res.write('one ', () => {
      calledBack.push('write');
      end();
    });
  }

  @Get('cached/:id')
  @GatewayRoute({ plugins: ['probe'], cache: { ttl: '1h' } })
  cached() {
    return { call: ++calls };
  }

  @Get('refreshed/:id')
  @GatewayRoute({ plugins: ['probe'], cache: { ttl: '0s', staleWhileRevalidate: '1h' } })
  @Header('Cache-Control', 'max-age=0')
  refreshed(@Res({ passthrough: true }) res: Response) {
    res.set('X-Call', String(++calls));
    return calls;
  }

  @Get('thrown/:id')
  @GatewayRoute({ plugins: ['probe'] })
  thrown() {
    throw new BadRequestException();
  }
}

@Module({ controllers: [HookedController] })
class HookedModule {}

const yaml = (entry = '{ timeout: 50ms }') => `
upstreams: { users: { url: http://127.0.0.1:9 } }
plugins: { probe: ${entry} }
routes: [{ id: all, match: { path: /** }, upstream: users }]
`;

const start = (hooks: RequestHooks, entry?: string, server = '') =>
  gateway(`server: {${server}}${yaml(entry)}`)
    .withModule(HookedModule)
    .withPlugin(
      definePlugin({ name: 'probe', hooks: () => hooks }),
      definePlugin({
        name: 'pick',
        balancer:
          () =>
          ([first]) =>
            first,
      }),
    )
    .start();

describe('hooks of plugins on a user handler', () => {
  it('change the headers that it gets, and know it by its path', async () => {
    const gw = await start({
      onRequest: ({ headers, route }) => ({
        headers: { 'x-stamp': `${route} ${String(headers['x-from'])}`, 'x-from': null },
      }),
    });
    const response = await gw.fetch('/code/value/1', { headers: { 'x-from': 'client' } });
    const headers = (await response.json()) as Record<string, string>;
    expect(headers['x-stamp']).toBe('/code/value/:id client');
    expect(headers).not.toHaveProperty('x-from');
  });

  it.each(['at once', 'later'])('change its responses, however they are sent: %s', async (when) => {
    const gw = await start({
      onResponse: ({ status, headers }) => {
        const decision = {
          status: status + 3,
          headers: { 'x-type': String(headers['content-type']).split(';')[0] ?? '' },
        };
        return when === 'at once' ? decision : turn(decision);
      },
    });
    const answers: [string, number, string, string][] = [
      ['value', 203, 'application/json', '{'],
      ['stream', 203, 'application/octet-stream', 'a'.repeat(64 * 4096)],
      ['written', 203, 'text/plain', 'one two'],
      ['cached', 203, 'application/json', '{"call":'],
      ['cached', 203, 'application/json', '{"call":'],
      ['thrown', 403, 'application/json', '"statusCode":400'],
    ];
    for (const [path, status, type, text] of answers) {
      const response = await gw.fetch(`/code/${path}/1`);
      expect([path, response.status, response.headers.get('x-type')]).toEqual([path, status, type]);
      expect(await response.text()).toContain(text);
    }
  });

  it('change a compressed stream although they are slow', async () => {
    const gw = await start({ onResponse: () => turn({ headers: { 'x-late': '1' } }) });
    const response = await gw.fetch('/code/text/1', { headers: { 'accept-encoding': 'gzip' } });
    expect(await response.text()).toBe('a'.repeat(64 * 4096));
    expect([response.headers.get('content-encoding'), response.headers.get('x-late')]).toEqual(['gzip', '1']);
  });

  it('change the head of a stored answer before its handler runs again', async () => {
    const gw = await start({ onResponse: () => turn({ headers: { 'x-late': '1' } }) });
    const read = async () => {
      const response = await gw.fetch('/code/refreshed/1');
      const [call, late] = ['x-call', 'x-late'].map((name) => response.headers.get(name));
      return { call, late, body: await response.text() };
    };
    const { call } = await read();
    expect(await read()).toEqual({ call, late: '1', body: call });
    const newer = await until('the new answer is stored', async () => {
      const answer = await read();
      return answer.call === call ? undefined : answer;
    });
    expect(newer).toEqual({ call: newer.body, late: '1', body: newer.body });
  });

  it('leave no header of the handler on the error when they fail', async () => {
    const gw = await start({ onResponse: () => Promise.reject(new Error('boom')) });
    const response = await gw.fetch('/code/encoded/1');
    expect([response.status, await response.json()]).toMatchObject([500, { code: 'plugin_failed' }]);
    const names = ['content-encoding', 'etag', 'set-cookie'];
    expect(names.filter((name) => response.headers.has(name))).toEqual([]);
  });

  it('can answer instead of the handler', async () => {
    const before = calls;
    const gw = await start({ onRequest: () => ({ response: { status: 402, body: { no: 1 } } }) });
    const response = await gw.fetch('/code/value/1');
    expect([response.status, await response.json(), calls]).toEqual([402, { no: 1 }, before]);
    const requests =
      'breakwater_requests_total{route="/code/value/:id",method="GET",status="402",outcome="plugin_answer"}';
    await until('the request is counted', async () => (await gw.metric(requests)) === 1);
  });

  it('see no request that a limit refuses, and no refusal', async () => {
    const seen: string[] = [];
    const hooks: RequestHooks = {
      onRequest: ({ path }) => void seen.push(path),
      onResponse: ({ status }) => void seen.push(String(status)),
    };
    const gw = await start(hooks, '{}', 'rateLimit: { requests: 1, per: 1h, key: user }');
    const statuses = [(await gw.fetch('/code/value/1')).status, (await gw.fetch('/code/value/1')).status];
    expect([statuses, seen]).toEqual([
      [200, 429],
      ['/code/value/1', '200'],
    ]);
  });

  const fail = () => Promise.reject(new Error('boom'));
  const hang = () => new Promise<never>(() => undefined);
  const boom = () => {
    throw new Error('boom');
  };
  it.each<[string, RequestHooks]>([
    ['rejects', { onRequest: fail }],
    ['hangs', { onRequest: hang }],
    ['rejects', { onResponse: fail }],
    ['hangs', { onResponse: hang }],
    ['throws', { onResponse: boom }],
  ])('affect only their request on failure: one that %s', async (_, hooks) => {
    const gw = await start(hooks);
    for (const path of ['value', 'stream', 'written']) {
      const response = await gw.fetch(`/code/${path}/1`);
      expect([response.status, response.headers.get('content-type')]).toEqual([
        500,
        'application/problem+json',
      ]);
      expect(await response.json()).toMatchObject({ code: 'plugin_failed' });
    }
  });

  it.each<[string, RequestHooks]>([
    ['throws', { onResponse: boom }],
    ['rejects', { onResponse: fail }],
    ['hangs', { onResponse: hang }],
  ])('leave no handler waiting for what it sends when one %s', async (_, hooks) => {
    calledBack.length = 0;
    const gw = await start(hooks);
    expect((await gw.fetch('/code/waiting/1')).status).toBe(500);
    await until('the handler is called back', () => calledBack.length === 2);
    expect(calledBack).toEqual(['write', 'end']);
  });

  it('are skipped on failure with `onError: skip`', async () => {
    const gw = await start({ onRequest: fail, onResponse: fail }, '{ onError: skip }');
    expect(await (await gw.fetch('/code/written/1')).text()).toBe('one two');
  });

  it('prevent a reload that removes their plugin', async () => {
    const gw = await start({ onRequest: () => undefined });
    const without = 'upstreams: { users: { url: http://127.0.0.1:9 } }';
    expect(await gw.reload(without)).toMatchObject({
      error: expect.stringContaining(
        'HookedController.value: @GatewayRoute plugins[0]: found "probe", expected the id of an entry of `plugins`',
      ) as string,
    });
    const starting = start({ onRequest: () => undefined }, '{ use: pick }');
    await expect(starting).rejects.toThrow(
      'HookedController.value: @GatewayRoute plugins[0]: found "probe", expected a plugin that offers hooks',
    );
  });
});
