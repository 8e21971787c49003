import type { IncomingHttpHeaders } from 'node:http';
import { Controller, Get, Header, Inject, Query, UseGuards } from '@nestjs/common';
import { ProblemError } from '../../common/errors/problem.js';
import { ExchangeMiddleware } from '../routing/exchange.middleware.js';
import { explain } from '../routing/explain.js';
import { AdminGuard } from './admin.guard.js';
import { GatewayState } from './gateway-state.js';

export interface Explained {
  readonly stages: readonly { readonly stage: string; readonly text: string }[];
}

/**
 * Says what each stage would do with a request, which is not sent: as `breakwater routes --explain`, with the
 * configuration in force and with the handlers of code. `GET /admin/explain?method=GET&path=/users/1&header=Host:%20api.example.com`.
 */
@Controller('admin/explain')
@UseGuards(AdminGuard)
export class ExplainController {
  constructor(
    @Inject(ExchangeMiddleware) private readonly exchanges: ExchangeMiddleware,
    @Inject(GatewayState) private readonly state: GatewayState,
  ) {}

  /** @throws ProblemError `admin_request_invalid` */
  @Get()
  @Header('Cache-Control', 'no-store')
  explain(
    @Query('path') path: unknown,
    @Query('method') method: unknown = 'GET',
    @Query('header') header: unknown = [],
  ): Explained {
    if (typeof path !== 'string' || typeof method !== 'string') {
      const detail = 'path: expected a path such as /users/1, as in ?method=GET&path=/users/1';
      throw new ProblemError('admin_request_invalid', { detail });
    }
    const headers: IncomingHttpHeaders = Object.fromEntries([header].flat().map(headerOf));
    const { config, table } = this.exchanges.routing;
    const request = { method: method.toUpperCase(), target: path, headers };
    const stages = explain(config, request, { table, handlersOf: this.state.handlersOf });
    return { stages: stages.map(([stage, text]) => ({ stage, text })) };
  }
}

function headerOf(field: unknown): [name: string, value: string] {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(String(field)) ?? [];
  if (name === undefined || value === undefined)
    throw new ProblemError('admin_request_invalid', {
      detail: 'header: expected a name and a value, as in ?header=Host:%20api.example.com',
    });
  return [name.toLowerCase(), value];
}
