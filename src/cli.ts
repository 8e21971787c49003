#!/usr/bin/env node
import { version } from './require-node.js';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { type CommandTools, MANAGEMENT_TIMEOUT_MS, managementUrl } from './command-tools.js';
import { completionScript, SHELLS } from './completion.js';
import { addRoutesCommand } from './routes-command.js';
import { addSimulateCommand } from './simulate-command.js';
import { addTopCommand } from './top-command.js';
import type { GatewayConfig } from './modules/config/gateway-config.js';
import type { LoadedConfig } from './modules/config/load-config-file.js';
import { formatProblems } from './modules/config/problem.js';
import type { TokenRequest } from './modules/auth/issue-token.js';

// Each command imports what it needs when it runs, so that only `start` loads the whole gateway.

const DEFAULT_CONFIG = 'gateway.yaml';

type Loaded = Extract<LoadedConfig, { ok: true }>;

interface ConfigOption {
  readonly config: string;
}

function configOption(): Option {
  let isGiven = false;
  return new Option('-c, --config <file>', 'configuration file')
    .env('GATEWAY_CONFIG')
    .argParser((written) => {
      // Of two files, one would be ignored silently.
      if (isGiven)
        throw new InvalidArgumentError('It is given twice, and there can be only one configuration file.');
      isGiven = true;
      // An empty variable counts as unset.
      return written || DEFAULT_CONFIG;
    })
    .default(DEFAULT_CONFIG);
}

/** Explains the most common mistake: `breakwater start gateway.yaml`. */
function withHint(message: string): string {
  const [, command, file] =
    /too many arguments for '(start|check|health|routes|token)'.* got 1: (.*)\.\n/.exec(message) ?? [];
  if (file === undefined) return message;
  return `error: found ${file}; a configuration file is named with -c, as in \`breakwater ${command} -c ${file}\`\n`;
}

const tools: CommandTools = { configOption, load, printTable, fail };

const program = new Command('breakwater')
  .description('An API gateway that keeps a failing service from hurting the others.')
  .version(version, '-V, --version')
  .configureOutput({ outputError: (message, write) => write(withHint(message)) })
  .showHelpAfterError('(add --help for the options)')
  .addHelpText(
    'after',
    `
Examples:
  $ breakwater start -c gateway.yaml      (or breakwater -c gateway.yaml)
  $ breakwater check -c gateway.yaml
  $ breakwater health -c gateway.yaml
  $ breakwater token -c gateway.yaml --sub alice --scopes users:read --expires 8h
  $ breakwater routes --explain 'GET /users/1'
  $ breakwater diff gateway.yaml new.yaml
  $ breakwater simulate -c gateway.yaml access.log
  $ breakwater top
  $ breakwater init --openapi openapi.yaml
  $ breakwater api-key
  $ breakwater schema > gateway.schema.json
  $ breakwater completion bash

Exit codes: 0 success, 1 an error that the message explains, 70 a fault of the gateway.`,
  );

program
  .command('start')
  .description('run the gateway')
  .addOption(configOption())
  .addHelpText('after', '\nExample:\n  $ JWT_SECRET=... breakwater start -c gateway.yaml')
  .action(async ({ config: file }: ConfigOption) => {
    // Until the gateway can reload its configuration, the signal must not end it either.
    process.on('SIGHUP', () => undefined);
    const loaded = await loadWithSource(file, '; nothing was started');
    if (!loaded) return;
    const { run } = await import('./main.js');
    const failure = await run(loaded.config, loaded.source);
    if (failure !== undefined) fail(failure);
  });

program
  .command('check')
  .description('check a configuration, and warn about likely mistakes')
  .addOption(configOption())
  .addHelpText('after', '\nExample:\n  $ breakwater check -c gateway.yaml && echo fit to deploy')
  .action(async ({ config: file }: ConfigOption) => {
    const config = await load(file);
    if (!config) return;
    const upstreams = Object.keys(config.upstreams).length;
    console.log(
      `${file} is valid: ${count(config.routes.length, 'route')}, ${count(upstreams, 'upstream')}.`,
    );
    const { capacityLines } = await import('./modules/config/capacity.js');
    for (const line of capacityLines(config)) console.log(line);
  });

program
  .command('health')
  .description(
    'ask the gateway that runs with this configuration whether it is alive, for health checks of containers',
  )
  .addOption(configOption())
  .addHelpText('after', '\nExample:\n  $ breakwater health -c gateway.yaml && echo alive')
  .action(async ({ config: file }: ConfigOption) => {
    const config = await load(file);
    if (!config) return;
    const url = `${managementUrl(config)}/health/live`;
    // Not readiness: whoever restarts unhealthy containers must not do so because an issuer of tokens is away.
    const signal = AbortSignal.timeout(MANAGEMENT_TIMEOUT_MS);
    const { nodeFetch } = await import('./modules/admin/top/node-fetch.js');
    const result = await nodeFetch(url, { signal, headers: {} }).then(
      async ({ status, body }) => {
        await body?.cancel();
        return String(status);
      },
      ({ message }: Error) => message,
    );
    if (result !== '200') fail(`${url}: ${result}`);
  });

program
  .command('token')
  .description('sign a token with the secret of a provider, to try a route')
  .addOption(configOption())
  .option('-p, --provider <id>', 'provider under `auth`; default: the first with a secret')
  .option('-s, --sub <subject>', 'the user', 'demo')
  .option('--scopes <scopes>', 'separated by spaces or commas')
  .option('-e, --expires <duration>', 'such as 30m or 8h', '1h')
  .addHelpText(
    'after',
    '\nExample:\n  $ curl -H "Authorization: Bearer $(breakwater token --sub alice)" localhost:8080/users/1',
  )
  .action(async ({ config: file, ...request }: ConfigOption & TokenRequest) => {
    const { issueToken } = await import('./modules/auth/issue-token.js');
    const config = await load(file);
    if (!config) return;
    const result = issueToken(config.auth, request);
    if (!result.ok) fail(result.problem);
    else console.log(result.token);
  });

program
  .command('api-key')
  .description('create an API key, and its hash for the configuration')
  .option('--stdin', 'hash the key on standard input instead')
  .addHelpText('after', '\nExample:\n  $ breakwater api-key')
  .action(async ({ stdin }: { stdin?: boolean }) => {
    const { hashApiKey } = await import('./modules/auth/api-keys.js');
    const key = stdin ? (await text(process.stdin)).trim() : randomBytes(32).toString('base64url');
    if (key === '') fail('There is no key on standard input.');
    else console.log(`${stdin ? '' : `key:  ${key}\n`}hash: ${hashApiKey(key)}`);
  });

addRoutesCommand(program, tools);

program
  .command('diff')
  .description('say what a reload from one configuration to another would change; nothing is sent')
  .argument('<before>', 'configuration file')
  .argument('<after>', 'configuration file')
  .addHelpText('after', '\nExample:\n  $ breakwater diff gateway.yaml new.yaml')
  .action(async (before: string, after: string) => {
    const [running, next] = [await load(before), await load(after)];
    if (!running || !next) return;
    const { explainDiff } = await import('./modules/config/reload/reload-plan.js');
    const rows = await explainDiff(running, next);
    if (rows.length === 0) console.log('A reload would change nothing.');
    else printTable(rows);
  });

addSimulateCommand(program, tools);
addTopCommand(program, fail);

program
  .command('init')
  .description('write a configuration to begin with; it never replaces a file')
  .option('-o, --output <file>', 'file to write', DEFAULT_CONFIG)
  .option('--openapi <file>', 'make its routes from an OpenAPI 3 document')
  .addHelpText('after', '\nExample:\n  $ breakwater init --openapi openapi.yaml')
  .action(async ({ output, openapi }: { readonly output: string; readonly openapi?: string }) => {
    const { STARTER, starterOf } = await import('./modules/config/starter.js');
    try {
      const starter =
        openapi === undefined
          ? STARTER
          : starterOf(readFileSync(openapi, 'utf8'), (message) => console.error(message));
      writeFileSync(output, starter, { flag: 'wx' });
      console.log(`Wrote ${output}. Next: breakwater check -c ${output}`);
    } catch (error) {
      // Errors of the file system name the file; the others are about the document.
      const { code, path = openapi ?? output, message } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') fail(`${output} exists, and is not replaced. Name another file with -o.`);
      else fail(`${path}: ${message}`);
    }
  });

program
  .command('completion')
  .description('print a script that completes commands and options in a shell')
  .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
  .addHelpText('after', '\nExample:\n  $ source <(breakwater completion bash)')
  .action((shell: (typeof SHELLS)[number]) => console.log(completionScript(program, shell)));

program
  .command('schema')
  .description('print the JSON Schema of the configuration, for editors')
  .addHelpText('after', '\nExample:\n  $ breakwater schema > gateway.schema.json')
  .action(async () => {
    const { gatewayJsonSchema } = await import('./modules/config/schema/json-schema.js');
    console.log(JSON.stringify(gatewayJsonSchema(), null, 2));
  });

// `breakwater -c gateway.yaml` is what users of other servers type first.
const args = process.argv.slice(2);
const words = /^(?:-c|--config)/.test(args[0] ?? '') ? ['start', ...args] : args;
await program.parseAsync(words, { from: 'user' }).catch((error: unknown) => {
  // Only a bug of the gateway ends here; mistakes of the user have had their message.
  console.error(error);
  process.exitCode = 70;
});

/** @returns nothing when there are problems: they were printed, and the process is about to end */
async function load(file: string): Promise<GatewayConfig | undefined> {
  return (await loadWithSource(file))?.config;
}

/** As `load`, with what to watch for changes. */
async function loadWithSource(file: string, consequence = ''): Promise<Loaded | undefined> {
  const { loadConfigFile } = await import('./modules/config/load-config-file.js');
  const result = loadConfigFile(file);
  if (result.ok) {
    if (result.warnings.length > 0) console.error(`Warnings:\n${formatProblems(file, result.warnings)}`);
    return result;
  }
  const { problems } = result;
  // Without `process.exit()`, which would cut output that a pipe has not taken yet.
  fail(`${formatProblems(file, problems)}\n\n${count(problems.length, 'problem')} in ${file}${consequence}.`);
  return undefined;
}

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}
