import { Inject, Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { Event } from '../../common/event.js';
import type { EndedTry } from '../../common/try-record.js';
import { AuthProviders } from '../auth/auth-providers.js';
import { type ConfigApplier, ConfigStore } from '../config/config.store.js';
import { CLOCK } from '../config/config.tokens.js';
import type { GatewayConfig, TracingConfig } from '../config/gateway-config.js';
import { ExchangeMiddleware } from '../routing/exchange.middleware.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import type { SpanExport, SpanResult } from './span-export.js';
import type { SpanContext } from './spans.js';

/** The parts that are loaded only when traces are recorded, and with them OpenTelemetry. */
type Spans = typeof import('./spans.js');

/**
 * Records the traces of requests, when their responses have closed, and sends them to the receiver of the configuration.
 * Without one, it listens to nothing.
 */
@Injectable()
export class Tracing implements ConfigApplier, OnModuleInit, OnApplicationShutdown {
  /** What became of spans. */
  readonly ended = new Event<{ readonly result: SpanResult; readonly count: number }>();
  private readonly logger = new Logger('Tracing');
  private config: TracingConfig;
  /** Ends the recording that is in force; `undefined` when there is none. */
  private stop: (() => Promise<void>) | undefined;

  constructor(
    @Inject(ExchangeMiddleware) private readonly exchanges: ExchangeMiddleware,
    @Inject(AuthProviders) private readonly providers: AuthProviders,
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ConfigStore) store: ConfigStore,
  ) {
    this.config = store.current.tracing;
    store.register(this);
  }

  async onModuleInit(): Promise<void> {
    const start = await this.load(this.config);
    start();
  }

  async prepare({ tracing }: GatewayConfig): Promise<() => void> {
    if (tracing === this.config) return () => undefined;
    const start = await this.load(tracing);
    return () => {
      void this.stop?.();
      this.config = tracing;
      start();
    };
  }

  /** Requests have ended by now. */
  async onApplicationShutdown(): Promise<void> {
    await this.stop?.();
  }

  /** @returns starts to record */
  private async load(config: TracingConfig): Promise<() => void> {
    if (config.endpoint === '') return () => void (this.stop = undefined);
    const [spans, { SpanExport }] = await Promise.all([import('./spans.js'), import('./span-export.js')]);
    const exporter = new SpanExport(config, {
      onEnd: (result, count) => this.ended.emit({ result, count }),
      onChange: (cause) => {
        const url = config.endpoint;
        if (cause === undefined) this.logger.log({ message: 'traces are exported again', url });
        else this.logger.warn({ message: 'traces are not exported', url, cause });
      },
    });
    return () => void (this.stop = this.record(spans, exporter, config));
  }

  /** @returns ends it */
  private record(
    { spansOf, trySpan, keysSpan }: Spans,
    exporter: SpanExport,
    { sample }: TracingConfig,
  ): () => Promise<void> {
    const { resource } = exporter;
    const context = (): SpanContext => ({ resource, now: this.clock.now(), wall: this.clock.wall() });
    const listeners: (() => void)[] = [];
    const onTry = (record: EndedTry) => {
      // The others are recorded with their request.
      if (record.span?.purpose !== undefined) exporter.add(trySpan(record, record.span, context()));
    };
    listeners.push(
      this.exchanges.finished.on((exchange) => {
        const { trace } = exchange;
        if (!trace?.isSampled) return;
        for (const span of spansOf(exchange, trace, context())) exporter.add(span);
      }),
      // They are rare, and the caller of none has decided.
      this.providers.keysRefreshed.on((refresh) => {
        if (sample > 0) exporter.add(keysSpan(refresh, context()));
      }),
      this.upstreams.each(({ tryEnded }) => listeners.push(tryEnded.on(onTry))),
    );
    return () => {
      for (const off of listeners) off();
      return exporter.shutdown();
    };
  }
}
