import { Module } from '@nestjs/common';
import { Connections } from './connections.js';
import { Overload } from './overload/overload.service.js';

const SHARED = [Connections, Overload];

@Module({ providers: SHARED, exports: SHARED })
export class ServerModule {}
