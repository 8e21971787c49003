import { Controller, Get, Inject } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult } from '@nestjs/terminus';
import { ConfigStore } from '../config/config.store.js';
import { Unlimited } from '../rate-limit/rate-limit.decorator.js';
import { HealthController } from './health.controller.js';

/** The health pages on the port of clients, where the names and failures of upstreams are nobody's business. */
// Probes of load balancers must not depend on how many there are.
@Unlimited(true)
@Controller('health')
export class PublicHealthController extends HealthController {
  @Inject(ConfigStore) private readonly config!: ConfigStore;

  /** Reports `ok` or `degraded`, and the rest only with `server.healthDetails`. */
  @Get()
  @HealthCheck()
  override async whole(): Promise<Partial<HealthCheckResult>> {
    const result = await super.whole();
    return this.config.current.server.healthDetails ? result : { status: result.status };
  }
}
