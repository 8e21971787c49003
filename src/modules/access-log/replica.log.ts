import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { BreakerSharing } from '../replicas/breaker-sharing.service.js';

/** Logs one line whenever another number of replicas share their breakers. With workers, the primary alone does. */
@Injectable()
export class ReplicaLog implements OnModuleInit {
  constructor(@Inject(BreakerSharing) private readonly sharing: BreakerSharing) {}

  onModuleInit(): void {
    const logger = new Logger('Replicas');
    this.sharing.changed.on((replicas) => {
      if (replicas > 0) logger.log({ message: 'breakers are shared', replicas });
      else logger.warn({ message: 'breakers are not shared' });
    });
  }
}
