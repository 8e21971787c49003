import type { ConfigReloader } from '../config/reload/config-reloader.js';
import type { RedisConnection } from '../redis/redis.connection.js';
import type { BreakerSharing } from '../replicas/breaker-sharing.service.js';
import type { Lifecycle } from '../server/lifecycle.js';
import type { Overview } from '../timeline/shapes.js';

/** The state of the gateway beside its upstreams. */
export class GatewayState {
  constructor(
    private readonly lifecycle: Lifecycle,
    private readonly reloader: ConfigReloader,
    private readonly redis: RedisConnection,
    private readonly sharing: BreakerSharing,
  ) {}

  read(): Overview['gateway'] {
    const { revision, hash, restartFor, lastReload } = this.reloader.status;
    return {
      phase: this.lifecycle.phase,
      revision,
      hash,
      restartFor,
      reloadError: lastReload?.error,
      redis: this.redis.isConfigured ? { up: this.redis.isUp } : undefined,
      replicas: this.sharing.live,
    };
  }
}
