import { applyDecorators, UseInterceptors } from '@nestjs/common';
import type { z } from 'zod';
import { routeCacheSchema } from '../config/schema/cache.js';
import { CachePolicy, CodeCacheInterceptor } from './code-cache.interceptor.js';

/** The same options as `cache` of a route in the configuration: `{ ttl: '1m', staleIfError: '1h' }`. */
export type CachedOptions = z.input<typeof routeCacheSchema>;

/**
 * Caches the answers of a handler in the way that `cache` of a route caches those of an upstream. Each user has their
 * own copies unless `per` is `'public'`. The module of the controller must import `CacheModule`.
 *
 * @throws TypeError when an option is invalid
 */
export function Cached(options: CachedOptions = {}): MethodDecorator {
  const parsed = routeCacheSchema.safeParse(options);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new TypeError(`@Cached: ${problems.join('; ')}`);
  }
  return applyDecorators(CachePolicy(parsed.data), UseInterceptors(CodeCacheInterceptor));
}
