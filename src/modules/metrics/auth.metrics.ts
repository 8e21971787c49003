import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { AuthProviders } from '../auth/auth-providers.js';

/** Counts requests that authentication refuses, and fetches of issuers' keys. */
@Injectable()
export class AuthMetrics implements OnModuleInit {
  constructor(
    @Inject(AuthProviders) private readonly providers: AuthProviders,
    @InjectMetric('breakwater_auth_failures_total') private readonly failures: Counter,
    @InjectMetric('breakwater_jwks_refresh_total') private readonly refreshes: Counter,
  ) {}

  onModuleInit(): void {
    this.providers.refused.on((reason) => this.failures.inc({ reason }));
    this.providers.keysRefreshed.on(({ provider, result }) => this.refreshes.inc({ provider, result }));
  }
}
