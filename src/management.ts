import type { INestApplication, NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import helmet from 'helmet';
import type { Server } from 'node:http';
import { ManagementModule, type ManagementOptions } from './modules/admin/management.module.js';
import type { ConfigStore } from './modules/config/config.store.js';
import { HttpServerAdapter } from './modules/server/http-server.adapter.js';

/** @returns the Nest application of the management port, which does not listen yet */
export async function createManagement(
  options: ManagementOptions,
  store: ConfigStore,
  nestOptions: NestApplicationOptions = {},
): Promise<INestApplication<Server>> {
  const adapter = new HttpServerAdapter(() => store.current.server);
  const management = await NestFactory.create<INestApplication<Server>>(
    ManagementModule.register(options),
    adapter,
    nestOptions,
  );
  // The port serves plain HTTP, so a browser that upgraded the page's own requests to HTTPS could not connect.
  management.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
  store.register({ prepare: () => () => adapter.applyLimits() });
  return management;
}
