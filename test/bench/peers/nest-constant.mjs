// What Nest itself costs: one handler behind one guard and one interceptor, on Express, answering the same order each
// time. Nothing is proxied.
import 'reflect-metadata';
import { Controller, Get, Module, UseGuards, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { order } from '../upstream/order.mjs';
import { listen } from './listen.mjs';

class Guard {
  canActivate() {
    return true;
  }
}

class Interceptor {
  intercept(_context, next) {
    return next.handle();
  }
}

class Orders {
  find() {
    return order;
  }
}

// Applies the decorators, which JavaScript does not have.
const find = Object.getOwnPropertyDescriptor(Orders.prototype, 'find');
Get(':id')(Orders.prototype, 'find', find);
UseGuards(Guard)(Orders.prototype, 'find', find);
UseInterceptors(Interceptor)(Orders.prototype, 'find', find);
Controller('orders')(Orders);

class App {}
Module({ controllers: [Orders] })(App);

const app = await NestFactory.create(App, { logger: false });
await app.init();
listen(app.getHttpServer());
