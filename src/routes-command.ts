import type { IncomingHttpHeaders } from 'node:http';
import type { Command } from 'commander';
import { type CommandTools, MANAGEMENT_TIMEOUT_MS, managementUrl } from './command-tools.js';
import type { Explained } from './modules/admin/explain.controller.js';
import type { GatewayConfig } from './modules/config/gateway-config.js';
import type { Explanation } from './modules/routing/explain.js';
import type { Overview } from './modules/timeline/shapes.js';

interface Options {
  readonly config: string;
  readonly running?: boolean;
  readonly explain?: string;
  readonly header: readonly string[];
}

interface WrittenRequest {
  readonly method: string;
  readonly target: string;
  /** Lines such as `Host: api.example.com`. */
  readonly headers: readonly string[];
}

type Rows = readonly (readonly string[])[];

export function addRoutesCommand(
  program: Command,
  { configOption, load, printTable, fail }: CommandTools,
): void {
  program
    .command('routes')
    .description('list the routes, or explain what would happen to a request; nothing is sent')
    .addOption(configOption())
    .option('--running', 'ask the management port of the running gateway, which knows the handlers of code')
    .option('--explain <request>', "such as 'GET /users/1'")
    .option('-H, --header <header>', 'of that request, can be repeated', collect, [])
    .addHelpText(
      'after',
      "\nExample:\n  $ breakwater routes --explain 'GET /users/1' -H 'Host: api.example.com'",
    )
    .action(async ({ config: file, running = false, explain: line, header: headers }: Options) => {
      const config = await load(file);
      if (!config) return;
      const [, method = 'GET', target] = /^(?:([A-Za-z]+)\s+)?(\S+)$/.exec(line?.trim() ?? '') ?? [];
      if (line !== undefined && target === undefined) {
        fail(`Found ${JSON.stringify(line)}, expected a request such as 'GET /users/1'.`);
        return;
      }
      const wrong = headers.find((header) => !/^[^:\s]+:/.test(header));
      if (wrong !== undefined) {
        fail(`Found ${JSON.stringify(wrong)}, expected a header such as 'Host: api.example.com'.`);
        return;
      }
      const request = target === undefined ? undefined : { method, target, headers };
      const rows = running
        ? await rowsOfRunning(config, request).catch((error: Error) => fail(error.message))
        : await rowsOf(config, request);
      if (rows) printTable(rows);
    });
}

async function rowsOf(config: GatewayConfig, request: WrittenRequest | undefined): Promise<Rows> {
  if (!request) return routesOf(config);
  const { explain } = await import('./modules/routing/explain.js');
  const { method, target, headers } = request;
  return explain(config, { method: method.toUpperCase(), target, headers: headersOf(headers) });
}

/** @throws Error with a message for the user when the gateway does not answer */
async function rowsOfRunning(config: GatewayConfig, request: WrittenRequest | undefined): Promise<Rows> {
  if (!request) {
    const { codeRoutes } = await ask<Pick<Overview, 'codeRoutes'>>(config, 'overview');
    const handlers = codeRoutes.map(({ handler, method, path }) => [handler, method, path, '(code)']);
    return [...handlers, ...(await routesOf(config))];
  }
  const { method, target, headers } = request;
  const query = new URLSearchParams([['method', method], ['path', target], ...headers.map(headerParameter)]);
  const { stages } = await ask<Explained>(config, `explain?${String(query)}`);
  return stages.map(({ stage, text }): Explanation => [stage, text]);
}

async function routesOf(config: GatewayConfig): Promise<Rows> {
  const { sidesOf } = await import('./modules/config/schema/gateway.js');
  return config.routes.map((route) => [
    route.id,
    route.match.methods.join(',') || 'any',
    `${route.match.hosts.join(',')}${route.match.path}`,
    sidesOf(route).join(','),
  ]);
}

async function ask<T>(config: GatewayConfig, path: string): Promise<T> {
  const { token, port } = config.management;
  if (port === 0) throw new Error('management.port is 0, so the port of the running gateway is not known.');
  const url = `${managementUrl(config)}/admin/${path}`;
  const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` };
  const { nodeFetch } = await import('./modules/admin/top/node-fetch.js');
  try {
    const response = await nodeFetch(url, { headers, signal: AbortSignal.timeout(MANAGEMENT_TIMEOUT_MS) });
    if (!response.ok) throw new Error(String(response.status));
    // The admin API is of the same version.
    return (await response.json()) as T;
  } catch (error) {
    throw new Error(`${url}: ${(error as Error).message}`, { cause: error });
  }
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function headerParameter(line: string): [name: string, value: string] {
  return ['header', line];
}

/** @param lines such as `Host: api.example.com` */
function headersOf(lines: readonly string[]): IncomingHttpHeaders {
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', ...value] = line.split(':');
      return [name.trim().toLowerCase(), value.join(':').trim()];
    }),
  );
}
