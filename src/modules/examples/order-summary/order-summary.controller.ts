import { Controller, Get, HttpException, Param, UseInterceptors } from '@nestjs/common';
import { MetricsInterceptor } from '../../metrics/metrics.interceptor.js';
import { GatewayRoute } from '../../proxy/code/code-route.decorator.js';
import { gather } from '../../upstream/gather.js';
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
  @GatewayRoute()
  summarise(@Param('user') name: string): Promise<OrderSummary> {
    const id = encodeURIComponent(name);
    return gather({
      user: (signal) => json(this.users, `/users/${id}`, signal),
      orders: { run: (signal) => json(this.orders, `/orders?user=${id}`, signal), fallback: nullIfDown },
    });
  }
}

async function json(upstream: UpstreamProxy, path: string, signal: AbortSignal): Promise<unknown> {
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
