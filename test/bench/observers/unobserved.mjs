// Preloaded into a gateway that is measured: it starts no metrics and no history, which users cannot switch off, so that
// their cost can be measured. No gateway outside the benchmark runs like that.
import { createRequire } from 'node:module';

const observers = {
  'metrics/request.metrics.js': 'RequestMetrics',
  'metrics/upstream.metrics.js': 'UpstreamMetrics',
  'metrics/limit.metrics.js': 'LimitMetrics',
  'metrics/event.metrics.js': 'EventMetrics',
  'metrics/server.metrics.js': 'ServerMetrics',
  'timeline/traffic.recorder.js': 'TrafficRecorder',
  'timeline/timeline.observer.js': 'TimelineObserver',
};

// Its named exports are read when the gateway imports it, which is later.
createRequire(import.meta.url)('prom-client').collectDefaultMetrics = () => undefined;
for (const [file, name] of Object.entries(observers)) {
  const { [name]: observer } = await import(`../../../dist/modules/${file}`);
  if (!observer.prototype.onModuleInit) throw new Error(`${name} has no onModuleInit to replace.`);
  observer.prototype.onModuleInit = () => undefined;
}
