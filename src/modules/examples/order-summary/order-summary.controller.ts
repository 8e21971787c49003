import { Controller, Get, HttpException, Param, Req, UseGuards, UseInterceptors } from '@nestjs/common';
import type { Request } from 'express';
import { JwtAuthGuard } from '../../auth/jwt-auth.guard.js';
import { MetricsInterceptor } from '../../metrics/metrics.interceptor.js';
import { exchangeOf } from '../../routing/exchange.js';
import { InjectUpstream } from '../../upstream/inject-upstream.decorator.js';
import { UpstreamError } from '../../upstream/upstream.error.js';
import { UpstreamProxy } from '../../upstream/upstream-proxy.js';

export interface OrderSummary {
  readonly user: unknown;
  /** `null` while the orders service is down: a summary without orders is better than none. */
  readonly orders: unknown;
}

/**
 * Calls two upstreams from code. Both calls go through the breaker, deadline and metrics of their upstream, and are
 * cancelled with the client's request.
 */
@Controller('order-summary')
@UseGuards(JwtAuthGuard)
@UseInterceptors(MetricsInterceptor)
export class OrderSummaryController {
  constructor(
    @InjectUpstream('users') private readonly users: UpstreamProxy,
    @InjectUpstream('orders') private readonly orders: UpstreamProxy,
  ) {}

  /**
   * @throws UpstreamError when the users service does not respond; the gateway answers it as a problem
   * @throws HttpException with the users service's status when that is an error
   */
  @Get(':user')
  async summarise(@Param('user') name: string, @Req() req: Request): Promise<OrderSummary> {
    const signal = exchangeOf(req)?.signal;
    const id = encodeURIComponent(name);
    const [user, orders] = await Promise.all([
      json(this.users, `/users/${id}`, signal),
      json(this.orders, `/orders?user=${id}`, signal).catch(nullIfDown),
    ]);
    return { user, orders };
  }
}

async function json(
  upstream: UpstreamProxy,
  path: string,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const response = await upstream.get(path, { signal });
  const body = await response.json();
  if (response.status >= 400) throw new HttpException(body as object, response.status);
  return body;
}

function nullIfDown(error: unknown): null {
  if (error instanceof UpstreamError || (error instanceof HttpException && error.getStatus() >= 500))
    return null;
  throw error;
}
