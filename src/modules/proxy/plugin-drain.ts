import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Plugins } from '../plugins/plugins.service.js';
import { HttpServerAdapter } from '../server/http-server.adapter.js';

/** Keeps plugins that a reload has replaced for the requests that began before it. */
@Injectable()
export class PluginDrain {
  constructor(@Inject(Plugins) plugins: Plugins, @Inject(HttpAdapterHost) { httpAdapter }: HttpAdapterHost) {
    // Without the adapter, the gateway has no routes. Once a response has begun, no plugin is called for it.
    if (httpAdapter instanceof HttpServerAdapter) plugins.drain = () => httpAdapter.openResponses.settled();
  }
}
