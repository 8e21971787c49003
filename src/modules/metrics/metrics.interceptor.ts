import {
  type CallHandler,
  type ExecutionContext,
  Inject,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import type { Request } from 'express';
import type { Histogram } from 'prom-client';
import { finalize, type Observable } from 'rxjs';
import type { Clock } from '../../common/clock.js';
import { CLOCK } from '../config/config.tokens.js';
import { handlerPathOf } from '../routing/exchange.js';
import { Metrics } from './metrics.js';

/**
 * Measures the handlers of a controller of code, without the guards before them and the transfer of the response, which
 * `RequestMetrics` counts for every request.
 */
@Injectable()
export class MetricsInterceptor implements NestInterceptor {
  private readonly duration: Histogram;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(Metrics) metrics: Metrics,
  ) {
    this.duration = metrics.histogram('breakwater_handler_duration_seconds');
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const route = handlerPathOf(context.switchToHttp().getRequest<Request>());
    if (route === undefined) return next.handle();
    const startedAt = this.clock.now();
    return next
      .handle()
      .pipe(finalize(() => this.duration.observe({ route }, (this.clock.now() - startedAt) / 1000)));
  }
}
