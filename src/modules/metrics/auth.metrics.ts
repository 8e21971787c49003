import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge } from 'prom-client';
import { AuthProviders } from '../auth/auth-providers.js';
import { TokenDenylist } from '../auth/denylist/token-denylist.service.js';
import { METRICS } from './metrics.definitions.js';

/** Counts who is not let in, and how the keys of issuers fare. */
@Injectable()
export class AuthMetrics implements OnModuleInit {
  constructor(
    @Inject(AuthProviders) private readonly providers: AuthProviders,
    @Inject(TokenDenylist) private readonly denylist: TokenDenylist,
    @InjectMetric(METRICS.authFailures) private readonly failures: Counter,
    @InjectMetric(METRICS.jwksRefresh) private readonly refreshes: Counter,
    @InjectMetric(METRICS.deniedTokens) private readonly denied: Gauge,
    @InjectMetric(METRICS.denylistInStep) private readonly inStep: Gauge,
  ) {}

  onModuleInit(): void {
    this.providers.refused.on((reason) => this.failures.inc({ reason }));
    this.providers.keysRefreshed.on(({ provider, result }) => this.refreshes.inc({ provider, result }));
    // No series for what nobody has configured.
    this.inStep.remove();
    this.denylist.changed.on(({ size, inStep }) => {
      this.denied.set(size);
      if (inStep !== undefined) this.inStep.set(inStep ? 1 : 0);
    });
  }
}
