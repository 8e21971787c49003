import { Global, Module } from '@nestjs/common';
import { BreakerSharing } from './breaker-sharing.service.js';
import { ManualSharing } from './manual-sharing.service.js';

const SHARED = [BreakerSharing, ManualSharing];

/** Shares breakers with the other replicas of the gateway. */
@Global()
@Module({ providers: SHARED, exports: SHARED })
export class ReplicasModule {}
