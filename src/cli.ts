#!/usr/bin/env node
import './require-node.js';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { GatewayConfig } from './modules/config/gateway-config.js';
import { gatewayJsonSchema } from './modules/config/schema/json-schema.js';
import { loadConfigFile } from './modules/config/load-config-file.js';
import { formatProblems } from './modules/config/problem.js';
import { hashApiKey } from './modules/auth/api-keys.js';
import type { TokenRequest } from './modules/auth/issue-token.js';

const DEFAULT_CONFIG = 'gateway.yaml';

interface ConfigOption {
  readonly config: string;
}

function configOption(): Option {
  return (
    new Option('-c, --config <file>', 'configuration file')
      .env('GATEWAY_CONFIG')
      // Set but empty is not set.
      .argParser((written) => written || DEFAULT_CONFIG)
      .default(DEFAULT_CONFIG)
  );
}

const program = new Command('breakwater')
  .description('An API gateway: one failing service never hurts the others.')
  .version(version(), '-V, --version')
  .showHelpAfterError('(add --help for the options)')
  .addHelpText(
    'after',
    `
Examples:
  $ breakwater start -c gateway.yaml
  $ breakwater check -c gateway.yaml
  $ breakwater token -c gateway.yaml --sub alice --scopes users:read --expires 8h
  $ breakwater api-key
  $ breakwater schema > gateway.schema.json`,
  );

program
  .command('start')
  .description('run the gateway')
  .addOption(configOption())
  .addHelpText('after', '\nExample:\n  $ JWT_SECRET=... breakwater start -c gateway.yaml')
  .action(async ({ config: file }: ConfigOption) => {
    const config = load(file, '; nothing was started');
    // Only here: loading the whole gateway takes longer than anything the other commands do.
    const { run } = await import('./main.js');
    const failure = await run(config);
    if (failure !== undefined) fail(failure);
  });

program
  .command('check')
  .description('check a configuration, and warn about what is valid but doubtful')
  .addOption(configOption())
  .addHelpText('after', '\nExample:\n  $ breakwater check -c gateway.yaml && echo fit to deploy')
  .action(({ config: file }: ConfigOption) => {
    const { upstreams, routes } = load(file);
    console.log(
      `${file} is valid: ${count(routes.length, 'route')}, ${count(Object.keys(upstreams).length, 'upstream')}.`,
    );
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
    const result = issueToken(load(file).auth, request);
    if (!result.ok) fail(result.problem);
    else console.log(result.token);
  });

program
  .command('api-key')
  .description('make an API key, and its hash for the configuration')
  .option('--stdin', 'hash the key that is on standard input instead')
  .addHelpText('after', '\nExample:\n  $ breakwater api-key')
  .action(({ stdin }: { stdin?: boolean }) => {
    const key = stdin ? readFileSync(0, 'utf8').trim() : randomBytes(32).toString('base64url');
    if (key === '') fail('There is no key on standard input.');
    else console.log(`${stdin ? '' : `key:  ${key}\n`}hash: ${hashApiKey(key)}`);
  });

program
  .command('schema')
  .description('print the JSON Schema of the configuration, for editors')
  .addHelpText('after', '\nExample:\n  $ breakwater schema > gateway.schema.json')
  .action(() => console.log(JSON.stringify(gatewayJsonSchema(), null, 2)));

await program.parseAsync().catch((error: unknown) => {
  // Only a fault of ours ends here; a user's mistake has had its message.
  console.error(error);
  process.exitCode = 70;
});

function load(file: string, consequence = ''): GatewayConfig {
  const result = loadConfigFile(file);
  if (result.ok) {
    if (result.warnings.length > 0) console.error(`Warnings:\n${formatProblems(file, result.warnings)}`);
    return result.config;
  }
  const { problems } = result;
  console.error(
    `${formatProblems(file, problems)}\n\n${count(problems.length, 'problem')} in ${file}${consequence}.`,
  );
  process.exit(1);
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
