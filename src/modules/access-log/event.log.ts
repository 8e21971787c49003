import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { AuthProviders } from '../auth/auth-providers.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { OpenTunnels } from '../websocket/open-tunnels.js';

/**
 * Logs one line for each transition of a breaker, each WebSocket that ends, and each time that Redis or the keys of a
 * token issuer become unavailable or available again.
 */
@Injectable()
export class EventLog implements OnModuleInit {
  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(AuthProviders) private readonly providers: AuthProviders,
    @Inject(RedisConnection) private readonly redis: RedisConnection,
    @Inject(OpenTunnels) private readonly tunnels: OpenTunnels,
  ) {}

  onModuleInit(): void {
    this.logTransitions(new Logger('Breaker'));
    this.logKeys(new Logger('Jwks'));
    this.logRedis(new Logger('Redis'));
    const webSocketLog = new Logger('WebSocket');
    this.tunnels.closed.on((closed) => webSocketLog.log({ message: 'websocket closed', ...closed }));
  }

  private logTransitions(logger: Logger): void {
    for (const { breaker } of this.upstreams.all()) {
      breaker.transition.on(({ upstream, from, to, reason, failures }) => {
        const entry = { message: `breaker ${to}`, upstream, from, to, reason };
        // The last failures explain why a breaker opened, not why it closed.
        if (to === 'open') logger.warn({ ...entry, failures });
        else logger.log(entry);
      });
    }
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

  private logRedis(logger: Logger): void {
    this.redis.changed.on(({ up, reason }) => {
      if (up) logger.log({ message: 'redis up' });
      else logger.warn({ message: 'redis down', reason });
    });
  }
}
