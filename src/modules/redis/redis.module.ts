import { Global, Module } from '@nestjs/common';
import { RedisConnection } from './redis.connection.js';
import { RedisSubscriber } from './redis.subscriber.js';

/** Makes the connection to Redis injectable everywhere. */
@Global()
@Module({ providers: [RedisConnection, RedisSubscriber], exports: [RedisConnection, RedisSubscriber] })
export class RedisModule {}
