import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { RoutingModule } from '../routing/routing.module.js';
import { UpstreamModule } from '../upstream/upstream.module.js';
import { Tracing } from './tracing.service.js';

@Module({ imports: [AuthModule, RoutingModule, UpstreamModule], providers: [Tracing], exports: [Tracing] })
export class TracingModule {}
