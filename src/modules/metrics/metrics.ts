import type { FactoryProvider } from '@nestjs/common';
import { getToken } from '@willsoto/nestjs-prometheus';
import { Counter, Gauge, Histogram } from 'prom-client';
import { metricProviders } from './metrics.definitions.js';

/** The metrics by name: a class that feeds many would need as many constructor arguments. */
export class Metrics {
  /** @param byToken the metrics by their injection tokens */
  constructor(private readonly byToken: ReadonlyMap<unknown, unknown>) {}

  counter(name: string): Counter {
    return this.get(Counter, name);
  }

  gauge(name: string): Gauge {
    return this.get(Gauge, name);
  }

  histogram(name: string): Histogram {
    return this.get(Histogram, name);
  }

  private get<T>(kind: new (...args: never[]) => T, name: string): T {
    const metric = this.byToken.get(getToken(name));
    if (!(metric instanceof kind)) throw new TypeError(`${name} is not a ${kind.name}`);
    return metric;
  }
}

// They all come from the `make...Provider` functions, which return factories.
const tokens = metricProviders.map((each) => (each as FactoryProvider).provide);

export const metricsProvider: FactoryProvider<Metrics> = {
  provide: Metrics,
  inject: tokens,
  useFactory: (...all: unknown[]) => new Metrics(new Map(all.map((metric, i) => [tokens[i], metric]))),
};
