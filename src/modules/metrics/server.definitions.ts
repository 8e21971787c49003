import { makeCounterProvider, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import { ConfigStore } from '../config/config.store.js';
import { certificateExpiries } from '../server/client-tls.js';
import { Connections } from '../server/connections.js';
import { Overload } from '../server/overload/overload.service.js';

/** Metrics of the server itself: its connections and its certificates. */
export const serverMetricProviders = [
  makeGaugeProvider({
    name: 'breakwater_connections',
    help: 'Connections of clients that are open, WebSockets included',
    inject: [Connections],
    collect({ open }: Connections) {
      this.set(open);
    },
  }),
  makeCounterProvider({
    name: 'breakwater_connections_refused_total',
    help: 'Connections that were closed before their first request: connections or connections_per_ip (above a limit), plain_http (on a TLS port), handshake, handshake_timeout or client_certificate',
    labelNames: ['reason'],
    aggregator: 'sum',
  }),
  makeGaugeProvider({
    name: 'breakwater_overload_active',
    help: 'Whether the process is overloaded: 1 while requests wait for too long (delay) or there is too little memory (memory), else 0',
    labelNames: ['reason'],
    aggregator: 'max',
    inject: [Overload],
    collect(overload: Overload) {
      for (const reason of ['delay', 'memory'] as const)
        this.set({ reason }, overload.isActive(reason) ? 1 : 0);
    },
  }),
  makeCounterProvider({
    name: 'breakwater_overload_rejections_total',
    help: 'Requests that were rejected because the process was overloaded, by reason (delay or memory) and priority of their route',
    labelNames: ['reason', 'priority'],
    aggregator: 'sum',
  }),
  makeGaugeProvider({
    name: 'breakwater_tls_certificate_expiry_timestamp_seconds',
    help: 'When the certificate of a host expires, as seconds since 1970; the host * is every one without a certificate of its own',
    aggregator: 'first',
    labelNames: ['host'],
    inject: [ConfigStore],
    collect({ current: { server } }: ConfigStore) {
      this.reset();
      if (!server.tls) return;
      for (const [host, seconds] of certificateExpiries(server.tls)) this.set({ host }, seconds);
    },
  }),
  makeCounterProvider({
    name: 'breakwater_spans_total',
    help: 'Spans of traces, by what became of them: exported, or dropped because of queue_full or export_failed',
    labelNames: ['result'],
    aggregator: 'sum',
  }),
];
