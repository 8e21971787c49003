import type { ConfigReloader } from '../config/reload/config-reloader.js';
import type { LogLevel } from '../config/log-level.js';
import type { CodeRoutes } from '../proxy/code/code-routes.js';
import type { RedisConnection } from '../redis/redis.connection.js';
import type { BreakerSharing } from '../replicas/breaker-sharing.service.js';
import type { Lifecycle } from '../server/lifecycle.js';
import type { FaultOverview, OverloadOverview, Overview } from '../timeline/shapes.js';

/** The state of the gateway beside its upstreams. */
export class GatewayState {
  constructor(
    private readonly lifecycle: Lifecycle,
    private readonly reloader: ConfigReloader,
    private readonly redis: RedisConnection,
    private readonly sharing: BreakerSharing,
    private readonly logLevel: LogLevel,
    private readonly overloads: () => readonly OverloadOverview[],
    private readonly faults: () => readonly FaultOverview[],
    private readonly code: CodeRoutes,
  ) {}

  get codeRoutes(): Overview['codeRoutes'] {
    return this.code.entries;
  }

  /** Finds the handlers of code that may get a request. */
  get handlersOf(): CodeRoutes['handlersOf'] {
    return this.code.handlersOf;
  }

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
      logLevel: levelOf(this.logLevel),
      overloads: this.overloads(),
      faults: this.faults(),
    };
  }
}

/** @returns the level in force, and the seconds until the configured one is back */
export function levelOf({ current, left }: LogLevel): Overview['gateway']['logLevel'] {
  return { level: current, endsIn: left && Math.ceil(left.lasts / 1_000) };
}
