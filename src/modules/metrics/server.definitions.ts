import { makeCounterProvider, makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import { ConfigStore } from '../config/config.store.js';
import { certificateExpiries } from '../server/client-tls.js';
import { Connections } from '../server/connections.js';

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
