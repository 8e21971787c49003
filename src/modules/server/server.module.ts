import { Module } from '@nestjs/common';
import { Lifecycle } from './lifecycle.js';
import { OpenTunnels } from './open-tunnels.js';

@Module({ providers: [Lifecycle, OpenTunnels], exports: [Lifecycle, OpenTunnels] })
export class ServerModule {}
