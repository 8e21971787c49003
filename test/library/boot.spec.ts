import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { register } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  BreakwaterAdapter,
  BreakwaterModule,
  getUpstreamToken,
  InvalidConfigError,
  UpstreamProxy,
} from '../../src/index.js';
import { cli } from '../support/cli.js';
import { configOf } from '../support/gateway.js';
import { create, root } from './application.js';

const BROKEN = `
upstreams: { users: { url: "http://users", timeout: 3000 } }
routes: [{ id: users, match: { path: /users/** }, upstream: user }]
`;
const UPSTREAMS = 'upstreams: { users: { url: "http://users" }, orders: { url: "http://orders" } }\n';
const ROUTES = `${UPSTREAMS}routes: [{ id: users, match: { path: /** }, upstream: users }]`;

async function fileOf(yaml: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'breakwater-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'gateway.yaml');
  await writeFile(file, yaml);
  return file;
}

const silent = { logger: false, abortOnError: false } as const;

describe('an application that imports BreakwaterModule', () => {
  it('does not start with both a file and a configuration', async () => {
    const config = configOf(ROUTES);
    const starting = create(root({ imports: [BreakwaterModule.forRoot({ configFile: 'a.yaml', config })] }));
    await expect(starting).rejects.toThrow('Give `configFile` or `config`, not both.');
  });

  it('does not start with a broken file, and lists the problems that `breakwater check` lists', async () => {
    const configFile = await fileOf(BROKEN);
    const starting = create(root({ imports: [BreakwaterModule.forRoot({ configFile })] }));
    const error: unknown = await starting.catch((each: unknown) => each);
    expect(error).toBeInstanceOf(InvalidConfigError);
    const { stderr } = await cli(['check', '-c', configFile]);
    expect((error as Error).message).toBe(stderr.trim());
    expect((error as InvalidConfigError).problems).toHaveLength(2);
  });

  it('can take the file from another module, as forRootAsync', async () => {
    const configFile = await fileOf(ROUTES);
    @Module({ providers: [{ provide: 'FILE', useValue: configFile }], exports: ['FILE'] })
    class SettingsModule {}
    const gateway = BreakwaterModule.forRootAsync({
      imports: [SettingsModule],
      inject: ['FILE'],
      useFactory: (file: string) => ({ configFile: file }),
    });
    const app = await create(root({ imports: [gateway, BreakwaterModule.forFeature('orders')] }));
    expect(app.get(getUpstreamToken('orders'), { strict: false })).toBeInstanceOf(UpstreamProxy);
  });

  it('does not start with an upstream that is not configured, and names those that are', async () => {
    const gateway = BreakwaterModule.forRoot({ config: configOf(UPSTREAMS) });
    await expect(create(root({ imports: [gateway, BreakwaterModule.forFeature('user')] }))).rejects.toThrow(
      'The configuration has no upstream "user". Its upstreams are: users, orders.',
    );
  });

  it('does not start with httpsOptions, and names what takes their place', async () => {
    const gateway = BreakwaterModule.forRoot({ config: configOf(ROUTES) });
    await expect(create(root({ imports: [gateway] }), { httpsOptions: {} })).rejects.toThrow(
      'BreakwaterAdapter takes no `httpsOptions`: write `server.tls` in the configuration',
    );
  });

  it('does not start without the module that its adapter needs', async () => {
    await expect(create(root({}))).rejects.toThrow('imports BreakwaterModule.forRoot');
  });
});

describe('an application with another adapter', () => {
  const start = (yaml: string) =>
    NestFactory.create(
      root({
        imports: [BreakwaterModule.forRoot({ config: configOf(yaml) }), BreakwaterModule.forFeature('users')],
      }),
      new ExpressAdapter(),
      silent,
    );

  it('does not start when the configuration has routes', async () => {
    await expect(start(ROUTES)).rejects.toThrow('new BreakwaterAdapter()');
    register.clear();
  });

  it('has the upstreams', async () => {
    const app = await start(UPSTREAMS);
    onTestFinished(() => app.close());
    await app.listen(0, '127.0.0.1');
    expect(app.get(getUpstreamToken('users'), { strict: false })).toBeInstanceOf(UpstreamProxy);
    const response = await fetch(`${await app.getUrl()}/nowhere`);
    expect(await response.json()).toMatchObject({ message: 'Cannot GET /nowhere' });
    register.clear();
  });
});

it('the adapter is a Nest adapter for Express', () => {
  expect(new BreakwaterAdapter().getType()).toBe('express');
});
