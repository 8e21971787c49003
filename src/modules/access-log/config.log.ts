import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Changes } from '../config/reload/config-diff.js';
import { ConfigReloader } from '../config/reload/config-reloader.js';

/** Ids in one line. */
const MAX_IDS = 20;

/** Logs one line for each reload of the configuration, with what it has changed or why it has not. */
@Injectable()
export class ConfigLog implements OnModuleInit {
  constructor(@Inject(ConfigReloader) private readonly reloader: ConfigReloader) {}

  onModuleInit(): void {
    const logger = new Logger('Config');
    this.reloader.reloaded.on(({ cause, result, durationMs, diff, error, warnings }) => {
      const { file, revision, hash, restartFor } = this.reloader.status;
      const entry = { message: `configuration ${MESSAGES[result]}`, cause, revision, hash, durationMs };
      if (result === 'failed') {
        logger.error({ ...entry, file, error });
        return;
      }
      const upstreams = diff && shortened(diff.upstreams);
      const routes = diff && shortened(diff.routes);
      logger.log({ ...entry, upstreams, routes, sections: diff?.sections });
      if (restartFor.length > 0)
        logger.warn({ message: 'settings wait for a restart', settings: restartFor });
      if (warnings) logger.warn({ message: 'the configuration has warnings', file, warnings });
    });
  }
}

const MESSAGES = { applied: 'reloaded', unchanged: 'unchanged', failed: 'not reloaded' } as const;

/** @returns numbers and the first ids */
function shortened(changes: Changes): object {
  return Object.fromEntries(
    Object.entries(changes).map(([kind, ids]: [string, readonly string[]]) => [
      kind,
      ids.length > MAX_IDS ? [...ids.slice(0, MAX_IDS), `and ${ids.length - MAX_IDS} more`] : ids,
    ]),
  );
}
