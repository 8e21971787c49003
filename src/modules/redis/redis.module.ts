import { Global, Module } from '@nestjs/common';
import { RedisConnection } from './redis.connection.js';
import { RedisSubscriber } from './redis.subscriber.js';

/** Provides the connection to Redis to all modules. */
@Global()
@Module({ providers: [RedisConnection, RedisSubscriber], exports: [RedisConnection, RedisSubscriber] })
export class RedisModule {}
