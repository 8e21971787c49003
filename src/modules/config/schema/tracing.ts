import { prefault, z } from 'zod';
import { headers } from './http.js';
import { httpUrl } from './network.js';
import { ratio, text } from './scalars.js';

const ENDPOINT =
  'an http or https URL such as http://otel-collector:4318, without credentials, query or fragment, or "" for none';

/** Where OTLP/HTTP receivers take traces. */
const TRACES_PATH = '/v1/traces';

const endpoint = httpUrl(ENDPOINT).transform((written) => {
  const url = written.replace(/\/+$/, '');
  return url.endsWith(TRACES_PATH) ? url : url + TRACES_PATH;
});

export const tracingSchema = z.strictObject({
  endpoint: prefault(z.union([z.literal(''), endpoint], ENDPOINT), '').describe(
    'Receiver of OTLP over HTTP, such as an OpenTelemetry Collector, Jaeger or Tempo. `/v1/traces` is added unless the URL ends with it. An empty text means that there is none.',
  ),
  sample: ratio('1%').describe(
    'Share of the traces that are recorded. The caller decides for a request that has a `traceparent`.',
  ),
  headers: prefault(headers(), {}).describe(
    'Headers of the requests to the receiver, such as `Authorization: "${OTLP_TOKEN}"`.',
  ),
  serviceName: prefault(text('the name of a service'), 'breakwater').describe(
    'Name of the gateway in traces: the attribute `service.name`.',
  ),
});
