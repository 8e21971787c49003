import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ConfigReloader } from '../config/reload/config-reloader.js';
import { Metrics } from './metrics.js';

/** Counts reloads of the configuration. All results start at 0, since nobody can alert on a series that does not exist. */
@Injectable()
export class ConfigMetrics implements OnModuleInit {
  constructor(
    @Inject(ConfigReloader) private readonly reloader: ConfigReloader,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    const reloads = this.metrics.counter('breakwater_config_reloads_total');
    for (const result of ['applied', 'unchanged', 'failed']) reloads.inc({ result }, 0);
    this.reloader.reloaded.on(({ result }) => reloads.inc({ result }));
  }
}
