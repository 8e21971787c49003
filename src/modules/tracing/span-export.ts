import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import {
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace';
import type { TracingConfig } from '../config/gateway-config.js';

/** Spans that wait for the receiver, those under way included. More are dropped. */
const MAX_QUEUED = 2_048;
/** Spans are encoded in the turn of the event loop in which they are sent, so that a batch must not take long. */
const MAX_BATCH = 128;
/** Milliseconds. */
const EXPORT_INTERVAL = 2_000;
const EXPORT_TIMEOUT = 10_000;
/** Milliseconds in which what is queued is sent when the process ends. */
const FLUSH_TIMEOUT = 2_000;

/** What became of spans: label `result` of `breakwater_spans_total`. */
export type SpanResult = 'exported' | 'queue_full' | 'export_failed';

export interface SpanListener {
  onEnd(result: SpanResult, count: number): void;
  /** The receiver takes no spans any more, or does again. */
  onChange(cause: string | undefined): void;
}

/** Sends spans to a receiver in batches. Nothing waits for it. */
export class SpanExport {
  readonly resource: Resource;
  private readonly processor: BatchSpanProcessor;
  private queued = 0;
  private isFailing = false;

  constructor(
    { endpoint: url, headers, serviceName }: TracingConfig,
    private readonly listener: SpanListener,
  ) {
    // `OTEL_RESOURCE_ATTRIBUTES` adds what a platform knows, such as the name of the pod.
    this.resource = detectResources({ detectors: [envDetector] }).merge(
      resourceFromAttributes({ 'service.name': serviceName, 'service.instance.id': randomUUID() }),
    );
    const exporter = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: EXPORT_TIMEOUT });
    this.processor = new BatchSpanProcessor({
      exporter: this.observed(exporter),
      maxQueueSize: MAX_QUEUED,
      maxExportBatchSize: MAX_BATCH,
      scheduledDelayMillis: EXPORT_INTERVAL,
    });
  }

  add(span: ReadableSpan): void {
    if (this.queued >= MAX_QUEUED) {
      this.listener.onEnd('queue_full', 1);
      return;
    }
    this.queued++;
    this.processor.onEnd(span);
  }

  /** Sends what is queued, within 2 seconds. Never rejects. */
  async shutdown(): Promise<void> {
    const flushed = this.processor.shutdown().catch(() => undefined);
    await Promise.race([flushed, sleep(FLUSH_TIMEOUT, undefined, { ref: false })]);
  }

  private observed(exporter: SpanExporter): SpanExporter {
    const onResult = (count: number, { code, error }: ExportResult) => {
      this.queued -= count;
      const hasFailed = code !== ExportResultCode.SUCCESS;
      this.listener.onEnd(hasFailed ? 'export_failed' : 'exported', count);
      if (hasFailed === this.isFailing) return;
      this.isFailing = hasFailed;
      this.listener.onChange(hasFailed ? causeOf(error) : undefined);
    };
    return {
      export: (spans, done) => {
        const { length } = spans;
        exporter.export(spans, (result) => {
          onResult(length, result);
          done(result);
        });
      },
      shutdown: () => exporter.shutdown(),
    };
  }
}

/** `connect ECONNREFUSED 10.0.0.7:4318`, `401 Unauthorized`. */
function causeOf(error: Error | undefined): string {
  if (!error) return 'unknown';
  const code = 'code' in error ? String(error.code) : '';
  return /^\d+$/.test(code) ? `${code} ${error.message}` : error.message || code || error.name;
}
