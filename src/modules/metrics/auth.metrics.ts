import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter, Gauge } from 'prom-client';
import { AuthEvents } from '../routing/auth-events.js';
import { METRICS } from './metrics.definitions.js';

/** Counts who is not let in, and how the keys of issuers fare. */
@Injectable()
export class AuthMetrics implements OnModuleInit {
  constructor(
    @Inject(AuthEvents) private readonly events: AuthEvents,
    @InjectMetric(METRICS.authFailures) private readonly failures: Counter,
    @InjectMetric(METRICS.jwksRefresh) private readonly refreshes: Counter,
    @InjectMetric(METRICS.deniedTokens) private readonly denied: Gauge,
    @InjectMetric(METRICS.denylistInStep) private readonly inStep: Gauge,
  ) {}

  onModuleInit(): void {
    this.events.failed.on((reason) => this.failures.inc({ reason }));
    this.events.keysRefreshed.on(({ provider, result }) => this.refreshes.inc({ provider, result }));
    // No series for what nobody has configured.
    this.inStep.remove();
    this.events.denylistChanged.on(({ size, inStep }) => {
      this.denied.set(size);
      if (inStep !== undefined) this.inStep.set(inStep ? 1 : 0);
    });
  }
}
