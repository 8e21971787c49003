import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { RedisConnection } from '../redis/redis.connection.js';

/** One line whenever Redis goes away or comes back. */
@Injectable()
export class RedisLog implements OnModuleInit {
  private readonly logger = new Logger('Redis');

  constructor(@Inject(RedisConnection) private readonly redis: RedisConnection) {}

  onModuleInit(): void {
    this.redis.changed.on(({ up, reason }) => {
      if (up) this.logger.log({ message: 'redis up' });
      else this.logger.warn({ message: 'redis down', reason });
    });
  }
}
