import { Global, Module } from '@nestjs/common';
import { Plugins } from './plugins.service.js';

/** The plugins of the configuration, which upstreams, authentication and routes call. */
@Global()
@Module({ providers: [Plugins], exports: [Plugins] })
export class PluginsModule {}
