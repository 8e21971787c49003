import { HttpService } from '@nestjs/axios';
import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { Agent } from 'node:https';
import type { Readable } from 'node:stream';
import type { AxiosRequestConfig } from 'axios';
import { firstValueFrom } from 'rxjs';
import type { Clock } from '../../common/clock.js';
import { CLOCK } from '../config/config.tokens.js';
import type { HealthConfig } from '../config/gateway-config.js';
import type { Target } from '../upstream/target.js';
import { errorCode } from '../upstream/transport/classify.js';

/** Probes a target with one request on a connection of its own. */
@Injectable()
export class ProbeIndicator {
  constructor(
    @Inject(HealthIndicatorService) private readonly indicators: HealthIndicatorService,
    @Inject(HttpService) private readonly http: HttpService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @returns under the URL of the target: `up` with the status, or `down` with the status or error code, and how long it took */
  async probe(
    { url, transport, addresses }: Target,
    health: HealthConfig,
    signal: AbortSignal,
  ): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check(url);
    const startedAt = this.clock.now();
    const measured = (probe: string) => ({ probe, durationMs: this.clock.now() - startedAt });
    try {
      const { status, data } = await firstValueFrom(
        this.http.get<Readable>(url.replace(/\/$/, '') + health.path, {
          timeout: health.timeout,
          signal: AbortSignal.any([signal, AbortSignal.timeout(health.timeout)]),
          // An agent without keep-alive notices when the certificate changes.
          ...(url.startsWith('https:') ? { httpsAgent: new Agent(transport.tls) } : {}),
          // Probes go to the same addresses as requests. axios types their family more narrowly than Node.
          lookup: addresses?.lookup as AxiosRequestConfig['lookup'],
          // The probe judges the target itself: no redirect, no proxy from the environment, no body.
          maxRedirects: 0,
          proxy: false,
          responseType: 'stream',
          validateStatus: () => true,
        }),
      );
      data.destroy();
      const passed = health.statuses.some(([from, to]) => status >= from && status <= to);
      return passed ? indicator.up(measured(String(status))) : indicator.down(measured(String(status)));
    } catch (error) {
      return indicator.down(measured(codeOf(error)));
    }
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'timeout';
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ERR_CANCELED' || code === 'ECONNABORTED') return 'timeout';
  if (typeof code !== 'string') return 'error';
  // axios gives the code of the first of several addresses.
  return error instanceof Error && error.cause instanceof AggregateError ? errorCode(error.cause) : code;
}
