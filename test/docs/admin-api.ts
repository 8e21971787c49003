import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { BREAKER_BODY, ISOLATE_BODY } from '../../src/modules/admin/breakers.controller.js';
import { FAULT_BODY, REASON_BODY } from '../../src/modules/admin/faults.controller.js';
import { LEVEL_BODY } from '../../src/modules/admin/log-level.controller.js';
import { OPTIONAL_REASON_BODY } from '../../src/modules/admin/requests.js';
import { MANUAL_ACTIONS } from '../../src/modules/upstream/breaker/manual-command.js';

/** What each endpoint does, and the body that it takes. */
const ENDPOINTS: Readonly<Record<string, readonly [summary: string, body?: z.ZodType]>> = {
  'GET /admin/overview': ['What is wrong, since when, why, and what callers get'],
  'GET /admin/upstreams': ['Every upstream with its breaker, its targets and what callers get'],
  'GET /admin/upstreams/{name}': ['One upstream'],
  'GET /admin/upstreams/{name}/timeline': ['What has happened to an upstream, and its rates'],
  'GET /admin/events': ['Everything that happens, as server-sent events'],
  'GET /admin/breakers': ['The breakers'],
  'POST /admin/breakers/{upstream}/{action}': [
    `Does one of these by hand: ${MANUAL_ACTIONS.join(', ')}`,
    z.union([ISOLATE_BODY, BREAKER_BODY]),
  ],
  'GET /admin/routes': ['The routes, in the order of the file'],
  'GET /admin/routes/top': ['The routes with the most errors, requests or time: `by`, `last`'],
  'GET /admin/explain': ['What each stage would do with a request'],
  'GET /admin/faults': ['The faults that are injected now'],
  'POST /admin/faults/{route}': ['Injects a fault into a route for a while', FAULT_BODY],
  'DELETE /admin/faults/{route}': ['Withdraws a fault', REASON_BODY],
  'GET /admin/log-level': ['The level of the log'],
  'PUT /admin/log-level': ['Sets the level of the log for a while', LEVEL_BODY],
  'DELETE /admin/log-level': ['Returns to the configured level of the log', REASON_BODY],
  'GET /admin/config': ['Which configuration is in force'],
  'GET /admin/config/effective': ['The configuration in force with its defaults, without secrets'],
  'POST /admin/config/diff': ['What a reload would change: of the file, or of the text in the body'],
  'POST /admin/config/reload': ['Reads the configuration again', OPTIONAL_REASON_BODY],
  'GET /admin/cache/entries': ['Stored responses, without their content'],
  'POST /admin/cache/purge': ['Drops stored responses', OPTIONAL_REASON_BODY],
  'GET /admin/rate-limits': ['The rate limits, with their keys and rejections'],
  'POST /admin/tokens/revoke': ['Refuses a token before it expires', OPTIONAL_REASON_BODY],
  'GET /admin/audit': ['Who has changed what, and why'],
};

/** @returns the OpenAPI document of the management port, which `GET /admin/openapi.json` answers with */
export function adminApi(app: INestApplication): object {
  const info = new DocumentBuilder()
    .setTitle('Breakwater admin API')
    .setDescription('The management port of the gateway. docs/admin.md describes what its members mean.')
    .setVersion('1')
    .addBearerAuth()
    .addBasicAuth()
    .addSecurityRequirements('bearer')
    .addSecurityRequirements('basic')
    .build();
  const document = SwaggerModule.createDocument(app, info);
  for (const [path, methods] of Object.entries(document.paths))
    for (const method of ['get', 'post', 'put', 'delete'] as const) {
      const operation = methods[method];
      if (!operation) continue;
      const [summary, body] = ENDPOINTS[`${method.toUpperCase()} ${path}`] ?? [];
      operation.summary = summary;
      if (method !== 'get') operation.parameters = [...(operation.parameters ?? []), ACTION_HEADER];
      if (body)
        operation.requestBody = {
          required: !body.safeParse({}).success,
          content: { 'application/json': { schema: schemaOf(body) } },
        };
    }
  return document;
}

const ACTION_HEADER = {
  name: 'X-Breakwater-Action',
  in: 'header' as const,
  required: true,
  schema: { type: 'string', enum: ['1'] },
};

function schemaOf(body: z.ZodType): object {
  return z.toJSONSchema(body, { io: 'input', target: 'openapi-3.0' });
}
