import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Plugins } from '../plugins/plugins.service.js';
import { Metrics } from './metrics.js';

@Injectable()
export class PluginMetrics implements OnModuleInit {
  constructor(
    @Inject(Plugins) private readonly plugins: Plugins,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    const failures = this.metrics.counter('breakwater_plugin_failures_total');
    this.plugins.failed.on(({ plugin, call: kind, reason }) => failures.inc({ plugin, kind, reason }));
    const durations = this.metrics.histogram('breakwater_plugin_duration_seconds');
    this.plugins.called.on(({ plugin, call: kind, durationMs }) =>
      durations.observe({ plugin, kind }, durationMs / 1000),
    );
  }
}
