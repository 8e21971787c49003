import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { AuthProviders } from '../auth/auth-providers.js';
import { CLOCK } from '../config/config.tokens.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { ExchangeMiddleware } from '../routing/exchange.middleware.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { OpenTunnels } from '../websocket/open-tunnels.js';
import { boundedLines } from './bounded-lines.js';

/**
 * Logs one line for each transition of a breaker, health probes that are ignored, each WebSocket that ends, each request
 * that the server refuses by itself, and each time that Redis or the keys of a token issuer become unavailable or
 * available again.
 */
@Injectable()
export class EventLog implements OnModuleInit {
  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(AuthProviders) private readonly providers: AuthProviders,
    @Inject(RedisConnection) private readonly redis: RedisConnection,
    @Inject(OpenTunnels) private readonly tunnels: OpenTunnels,
    @Inject(ExchangeMiddleware) private readonly exchanges: ExchangeMiddleware,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.logTransitions(new Logger('Breaker'));
    this.logProbes(new Logger('Probe'));
    this.logKeys(new Logger('Jwks'));
    this.logRedis(new Logger('Redis'));
    this.logRefusals(new Logger('Server'));
    const webSocketLog = new Logger('WebSocket');
    this.tunnels.closed.on((closed) => webSocketLog.log({ message: 'websocket closed', ...closed }));
  }

  private logTransitions(logger: Logger): void {
    this.upstreams.each(({ breaker }) => {
      breaker.transition.on(({ upstream, from, to, reason, failures }) => {
        const entry = { message: `breaker ${to}`, upstream, from, to, reason };
        // The last failures explain why a breaker opened, not why it closed.
        if (to === 'open') logger.warn({ ...entry, failures });
        else logger.log(entry);
      });
    });
  }

  private logProbes(logger: Logger): void {
    this.upstreams.each((upstream) => {
      upstream.probes.ignored.on(({ detail }) =>
        logger.warn({
          message: 'health probes fail and are ignored, because none has passed since the start',
          upstream: upstream.id,
          path: upstream.config.health?.path,
          result: detail,
          hint: 'health.path needs a path that the service answers with one of health.statuses',
        }),
      );
    });
  }

  private logKeys(logger: Logger): void {
    const lastResults = new Map<string, string>();
    this.providers.keysRefreshed.on((refresh) => {
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
