import { Global, Module } from '@nestjs/common';
import { RedisConnection } from './redis.connection.js';

/** Makes the connection to Redis injectable everywhere. */
@Global()
@Module({ providers: [RedisConnection], exports: [RedisConnection] })
export class RedisModule {}
