import { type Command, Option } from 'commander';
import type { TopOptions } from './modules/admin/top/top.js';

/** @param fail prints an error, and sets the exit code */
export function addTopCommand(program: Command, fail: (message: string) => void): void {
  program
    .command('top')
    .description('show what a running gateway does, live: what fails, since when, why, and what callers get')
    .option('--url <url>', 'its management port', 'http://127.0.0.1:9090')
    .addOption(new Option('--token <token>', '`management.token` of its configuration').env('ADMIN_TOKEN'))
    .option('--once', 'print it once, which is the default when the output is no terminal')
    .addHelpText('after', '\nExample:\n  $ breakwater top --url http://127.0.0.1:9090\n\nThe key q ends it.')
    .action(async (options: TopOptions) => {
      const { top } = await import('./modules/admin/top/top.js');
      const failure = await top(options);
      if (failure !== undefined) fail(failure);
    });
}
