import { Global, Module } from '@nestjs/common';
import { BreakerSharing } from './breaker-sharing.service.js';

/** Shares breakers with the other replicas of the gateway. */
@Global()
@Module({ providers: [BreakerSharing], exports: [BreakerSharing] })
export class ReplicasModule {}
