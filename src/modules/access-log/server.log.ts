import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { CLOCK, PROCESS_ROLE, type ProcessRole } from '../config/config.tokens.js';
import { Connections } from '../server/connections.js';
import { Overload } from '../server/overload/overload.service.js';
import { boundedLines } from './bounded-lines.js';

/** Logs one line for each connection that is closed before its first request, and when an overload begins and ends. */
@Injectable()
export class ServerLog implements OnModuleInit {
  constructor(
    @Inject(Connections) private readonly connections: Connections,
    @Inject(Overload) private readonly overload: Overload,
    @Inject(PROCESS_ROLE) private readonly role: ProcessRole,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    const logger = new Logger('Server');
    const write = boundedLines(this.clock, (entry) => logger.log(entry));
    this.connections.refused.on(({ peer, ...refusal }) =>
      write({ message: 'connection refused', ...refusal, client: peer || undefined }),
    );
    // The primary logs those of its workers, once for all of them.
    if (this.role === 'worker') return;
    this.overload.changed.on(({ isOver, reason, rejected }) => {
      if (isOver) logger.log({ message: 'overload over', reason, rejected });
      else logger.warn({ message: 'overload', reason });
    });
  }
}
