import {
  Body,
  type CanActivate,
  Controller,
  ForbiddenException,
  Get,
  Logger,
  Param,
  ParseIntPipe,
  Post,
  UseGuards,
} from '@nestjs/common';
import express from 'express';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { echo } from '../support/gateway.js';
import { application } from './application.js';

const YAML = `
server: { shutdown: { delay: 0s, drain: 1s } }
upstreams: { users: { url: "\${USERS_URL}", retry: { attempts: 0 } } }
routes: [{ id: all, match: { path: /** }, upstream: users }]
`;

class RefusingGuard implements CanActivate {
  canActivate(): boolean {
    throw new ForbiddenException('mine');
  }
}

@Controller('mine')
class MineController {
  @Get(':id')
  read(@Param('id', ParseIntPipe) id: number) {
    return { id };
  }

  @Post()
  write(@Body() body: unknown) {
    return body;
  }

  @Get('closed/door')
  @UseGuards(RefusingGuard)
  closed() {
    return {};
  }

  @Get('bug/now')
  bug(): never {
    throw new TypeError('unforeseen');
  }
}

class FeatureModule {}
const feature = { module: FeatureModule, controllers: [MineController] };
const json = { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } };

describe('an application that imports BreakwaterModule', () => {
  it('keeps its controllers, pipes, guards and bodies, and serves the routes of the configuration beside them', async () => {
    // Imported behind the gateway, whose route takes all paths.
    const app = await application({ yaml: YAML, users: echo, module: { imports: [feature] } });
    expect(await (await app.fetch('/mine/7')).json()).toEqual({ id: 7 });
    expect((await app.fetch('/mine/seven')).status).toBe(400);
    expect(await (await app.fetch('/mine/closed/door')).json()).toMatchObject({ message: 'mine' });
    expect(await (await app.fetch('/mine', json)).json()).toEqual({ a: 1 });
    expect(await (await app.fetch('/elsewhere', json)).json()).toMatchObject({
      url: '/elsewhere',
      body: '{"a":1}',
    });
  });

  it('keeps the form of its own errors', async () => {
    const app = await application({ yaml: YAML, module: { imports: [feature] } });
    const response = await app.fetch('/mine/bug/now');
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ statusCode: 500, message: 'Internal server error' });
  });

  it('answers errors of routes as problems, whatever its own filter does', async () => {
    const catchAll = {
      catch: (_: unknown, host: { getArgByIndex(i: 1): { end(text: string): void } }) =>
        host.getArgByIndex(1).end('mine'),
    };
    const narrow = YAML.replace('/**', '/users/**');
    const app = await application({
      yaml: narrow,
      module: { imports: [feature] },
      prepare: (nest) => nest.useGlobalFilters(catchAll),
    });
    expect(await (await app.fetch('/nowhere')).json()).toMatchObject({ code: 'no_route' });
    expect(await (await app.fetch('/mine/bug/now')).text()).toBe('mine');
  });

  it('may have a global prefix, which the routes do not get', async () => {
    const app = await application({
      yaml: YAML,
      module: { imports: [feature] },
      prepare: (nest) => nest.setGlobalPrefix('api'),
    });
    expect(await (await app.fetch('/api/mine/7')).json()).toEqual({ id: 7 });
    expect(await (await app.fetch('/mine/7')).text()).toBe('/mine/7');
    expect(await (await app.fetch('/api/else')).text()).toBe('/api/else');
  });

  it('may choose its own body parsers', async () => {
    const app = await application({
      yaml: YAML,
      users: echo,
      module: { imports: [feature] },
      prepare: (nest) => void Object.assign(nest).useBodyParser('text', { type: 'text/plain' }),
    });
    const text = { method: 'POST', body: 'plain', headers: { 'content-type': 'text/plain' } };
    expect(await (await app.fetch('/mine', text)).text()).toBe('plain');
    expect(await (await app.fetch('/elsewhere', text)).json()).toMatchObject({ body: 'plain' });
  });

  it('answers 500 when middleware has read the body of a request to a route, and logs why', async () => {
    const log = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
    onTestFinished(() => log.mockRestore());
    const app = await application({ yaml: YAML, users: echo, prepare: (each) => each.use(express.json()) });
    const response = await app.fetch('/users', json);
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ code: 'internal_error' });
    expect(JSON.stringify(log.mock.calls)).toContain('Middleware such as express.json()');
    const text = { method: 'POST', body: 'text', headers: { 'content-type': 'text/plain' } };
    expect(await (await app.fetch('/users', text)).json()).toMatchObject({ body: 'text' });
  });
});
