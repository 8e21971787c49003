import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { Fault } from '../../common/errors/fault.js';
import { CLOCK } from '../config/config.tokens.js';
import { Plugins } from '../plugins/plugins.service.js';
import { boundedLines } from './bounded-lines.js';

/** Logs why calls of plugins fail. */
@Injectable()
export class PluginLog implements OnModuleInit {
  constructor(
    @Inject(Plugins) private readonly plugins: Plugins,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    const logger = new Logger('Plugin');
    const write = boundedLines(this.clock, (entry) => logger.error(entry));
    this.plugins.failed.on(({ plugin, call: kind, reason, cause }) => {
      write({ message: 'plugin failed', plugin, kind, reason, err: Fault.of(cause) });
    });
  }
}
