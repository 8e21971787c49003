import { type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { describe, expect, it } from 'vitest';
import { exchangeOf } from '../../src/modules/routing/exchange.js';
import { closedPort } from '../support/closed-port.js';
import { gateway } from '../support/gateway.js';
import { recording } from '../support/recording.js';

const YAML = `
upstreams:
  users: { url: "\${USERS_URL}", fallback: { upstream: readonly } }
  readonly: { url: "\${READONLY_URL}" }
routes: [{ id: users, match: { path: /** }, upstream: users }]
`;

/** Keeps an answer for `/kept`, as a cache does. */
@Module({})
class KeepingModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    const keep = (req: Request, _res: Response, next: NextFunction) => {
      const exchange = exchangeOf(req);
      const kept = { status: 200, headers: {}, body: Buffer.from('kept') };
      if (exchange) exchange.staleAnswer = () => (req.url === '/kept' ? kept : undefined);
      next();
    };
    consumer.apply(keep).forRoutes('*path');
  }
}

describe('an answer that was kept', () => {
  it('comes before the fallback upstream, if there is one', async () => {
    const readonly = recording((_req, res) => void res.end('readonly'));
    const gw = await gateway(YAML)
      .withEnv({ USERS_URL: await closedPort() })
      .withUpstream('readonly', readonly.handler)
      .withModule(KeepingModule)
      .start();
    const kept = await gw.fetch('/kept');
    expect([await kept.text(), kept.headers.get('breakwater-fallback')]).toEqual(['kept', 'stale']);
    expect(readonly.requests).toEqual([]);
    expect(await (await gw.fetch('/other')).text()).toBe('readonly');
  });

  it('is left alone while the upstream answers', async () => {
    const gw = await gateway(YAML)
      .withUpstream('users', (_req, res) => void res.end('fresh'))
      .withUpstream('readonly', recording().handler)
      .withModule(KeepingModule)
      .start();
    expect(await (await gw.fetch('/kept')).text()).toBe('fresh');
  });
});
