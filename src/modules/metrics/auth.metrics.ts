import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { AuthEvents } from '../routing/auth-events.js';
import { METRICS } from './metrics.definitions.js';

/** Counts who is not let in, and how the keys of issuers fare. */
@Injectable()
export class AuthMetrics implements OnModuleInit {
  constructor(
    @Inject(AuthEvents) private readonly events: AuthEvents,
    @InjectMetric(METRICS.authFailures) private readonly failures: Counter,
    @InjectMetric(METRICS.jwksRefresh) private readonly refreshes: Counter,
  ) {}

  onModuleInit(): void {
    this.events.failed.on((reason) => this.failures.inc({ reason }));
    this.events.keysRefreshed.on(({ provider, result }) => this.refreshes.inc({ provider, result }));
  }
}
