import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { PROCESS_ROLE, type ProcessRole } from '../config/config.tokens.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';

/** Logs one line for each transition of a breaker, and health probes that are ignored. */
@Injectable()
export class UpstreamLog implements OnModuleInit {
  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(PROCESS_ROLE) private readonly role: ProcessRole,
  ) {}

  onModuleInit(): void {
    // All processes of a gateway share them, and the primary logs for all.
    if (this.role === 'worker') return;
    this.logTransitions(new Logger('Breaker'));
    this.logProbes(new Logger('Probe'));
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
}
