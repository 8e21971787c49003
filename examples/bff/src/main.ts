import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { BreakwaterAdapter } from 'breakwater';
import { AppModule } from './app.module.js';

const app = await NestFactory.create(AppModule, new BreakwaterAdapter(), { logger: ['warn', 'error'] });
// After SIGTERM and Ctrl-C, requests in flight finish.
app.enableShutdownHooks();
await app.listen(Number(process.env['PORT'] || 8080), '127.0.0.1');
console.log(JSON.stringify({ msg: 'listening', url: await app.getUrl() }));
