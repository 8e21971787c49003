import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { AuthProviders } from '../auth/auth-providers.js';
import { CLOCK } from '../config/config.tokens.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { ExchangeMiddleware } from '../routing/exchange.middleware.js';
import { OpenTunnels } from '../websocket/open-tunnels.js';
import { boundedLines } from './bounded-lines.js';

/**
 * Logs one line for each WebSocket that ends, each request that the server refuses by itself, and each time that Redis or
 * the keys of a token issuer become unavailable or available again.
 */
@Injectable()
export class EventLog implements OnModuleInit {
  constructor(
    @Inject(AuthProviders) private readonly providers: AuthProviders,
    @Inject(RedisConnection) private readonly redis: RedisConnection,
    @Inject(OpenTunnels) private readonly tunnels: OpenTunnels,
    @Inject(ExchangeMiddleware) private readonly exchanges: ExchangeMiddleware,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.logKeys(new Logger('Jwks'));
    this.logRedis(new Logger('Redis'));
    this.logRefusals(new Logger('Server'));
    const webSocketLog = new Logger('WebSocket');
    this.tunnels.closed.on((closed) => webSocketLog.log({ message: 'websocket closed', ...closed }));
  }

  private logKeys(logger: Logger): void {
    const lastResults = new Map<string, string>();
    this.providers.keysRefreshed.on(({ durationMs: _durationMs, ...refresh }) => {
      const { provider, result } = refresh;
      if (lastResults.get(provider) === result) return;
      lastResults.set(provider, result);
      if (result === 'success') logger.log({ message: 'keys fetched', ...refresh });
      else logger.warn({ message: 'keys not fetched', ...refresh });
    });
  }

  private logRefusals(logger: Logger): void {
    const write = boundedLines(this.clock, (entry) => logger.log(entry));
    this.exchanges.refused.on(({ id, exchange, peer, ...refusal }) => {
      const client = exchange?.head.clientIp ?? peer;
      const route = exchange?.route?.config.id;
      write({ message: 'request refused', ...refusal, route, client, requestId: id });
    });
  }

  private logRedis(logger: Logger): void {
    this.redis.changed.on(({ up, reason }) => {
      if (up) logger.log({ message: 'redis up' });
      else logger.warn({ message: 'redis down', reason });
    });
  }
}
