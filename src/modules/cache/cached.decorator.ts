import { applyDecorators, UseInterceptors } from '@nestjs/common';
import type { z } from 'zod';
import { routeCacheSchema } from '../config/schema/route.js';
import { CachePolicy, CodeCacheInterceptor } from './code-cache.interceptor.js';

/** The `cache` of a route, as the configuration has it: `{ ttl: '1m', staleIfError: '1h' }`. */
export type CachedOptions = z.input<typeof routeCacheSchema>;

/**
 * Keeps what a handler of code answers, as `cache` of a route keeps what an upstream does. Each user has their own
 * copies unless it says `per: 'public'`. The module must import `CacheModule`.
 *
 * @throws TypeError when an option is wrong
 */
export function Cached(options: CachedOptions = {}): MethodDecorator {
  const parsed = routeCacheSchema.safeParse(options);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new TypeError(`@Cached: ${problems.join('; ')}`);
  }
  return applyDecorators(CachePolicy(parsed.data), UseInterceptors(CodeCacheInterceptor));
}
