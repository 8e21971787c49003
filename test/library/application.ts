import type { DynamicModule, INestApplication, NestApplicationOptions, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { register } from 'prom-client';
import { onTestFinished } from 'vitest';
import { BreakwaterAdapter, BreakwaterModule, type BreakwaterOptions } from '../../src/index.js';
import { configOf, listen } from '../support/gateway.js';

interface Given {
  /** In which `${USERS_URL}` is the service. */
  readonly yaml: string;
  readonly users?: RequestListener;
  /** The rest of the application. */
  readonly module?: Omit<DynamicModule, 'module'>;
  readonly options?: NestApplicationOptions;
  readonly breakwater?: Omit<BreakwaterOptions, 'config' | 'configFile'>;
  readonly prepare?: (app: INestApplication<Server>) => void;
}

/** Runs an application of a user that imports `BreakwaterModule` first, until the test ends. */
export async function application({ yaml, users, module, options, breakwater, prepare }: Given) {
  const env = { USERS_URL: await listen(createServer(users ?? ((req, res) => res.end(req.url)))) };
  const config = configOf(yaml, env);
  const gateway = BreakwaterModule.forRoot({ config, ...breakwater });
  const app = await create(root({ ...module, imports: [gateway, ...(module?.imports ?? [])] }), options);
  prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  const fetchPath = (path: string, init?: RequestInit) => fetch(url + path, init);
  return { app, url, fetch: fetchPath };
}

export function root(definition: Omit<DynamicModule, 'module'>): DynamicModule {
  return { module: class UsersAppModule {}, ...definition };
}

export async function create(
  module: Type | DynamicModule,
  options?: NestApplicationOptions,
): Promise<INestApplication<Server>> {
  const silent = { logger: false, abortOnError: false } as const;
  const app = await NestFactory.create<INestApplication<Server>>(module, new BreakwaterAdapter(), {
    ...silent,
    ...options,
  });
  onTestFinished(async () => {
    app.getHttpServer().closeAllConnections();
    await app.close();
    register.clear();
  });
  return app;
}
