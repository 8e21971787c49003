import { makeCounterProvider, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import { ResponseCache } from './response-cache.js';

export const CACHE_METRICS = {
  bytes: 'breakwater_cache_bytes',
  purged: 'breakwater_cache_purged_total',
} as const;

export const cacheMetricProviders = [
  makeGaugeProvider({
    name: CACHE_METRICS.bytes,
    help: 'Memory that stored responses take',
    inject: [ResponseCache],
    collect(cache: ResponseCache) {
      this.set(cache.bytes);
    },
  }),
  makeCounterProvider({
    name: CACHE_METRICS.purged,
    help: 'Stored responses that operators dropped',
  }),
];
