import { Module } from '@nestjs/common';
import { Connections } from './connections.js';
import { Overload } from './overload/overload.service.js';
import { ProcessMemory } from './overload/process-memory.js';

const SHARED = [Connections, Overload];

@Module({ providers: [...SHARED, ProcessMemory], exports: SHARED })
export class ServerModule {}
