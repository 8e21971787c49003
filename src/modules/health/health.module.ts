import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { AuthModule } from '../auth/auth.module.js';
import { Lifecycle } from '../server/lifecycle.js';
import { ProbeIndicator } from './probe.indicator.js';
import { ProbeScheduler } from './probe.scheduler.js';
import { PublicHealthController } from './public-health.controller.js';

@Module({
  // Terminus would log every readiness check that fails while draining.
  imports: [TerminusModule.forRoot({ logger: false }), HttpModule, AuthModule],
  controllers: [PublicHealthController],
  providers: [Lifecycle, ProbeIndicator, ProbeScheduler],
  exports: [Lifecycle, ProbeScheduler],
})
export class HealthModule {}
