import { Module } from '@nestjs/common';
import { RateLimitModule } from '../rate-limit/rate-limit.module.js';
import { StatePersistence } from './state-persistence.service.js';

/**
 * Nest calls the hooks of modules in the order of imports, those of global modules first, and backwards at the end. So as
 * the last import, the state is restored when telemetry observes it, and written before breakers are shut down.
 */
@Module({ imports: [RateLimitModule], providers: [StatePersistence] })
export class StateModule {}
