import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { cli } from '../support/cli.js';

const COMMANDS = [
  'start',
  'check',
  'health',
  'token',
  'routes',
  'diff',
  'simulate',
  'top',
  'init',
  'api-key',
  'schema',
  'completion',
];

describe('the command line', { timeout: 60_000 }, () => {
  it('prints the version of the package with --version', async () => {
    const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    expect(await cli(['--version'])).toEqual({ code: 0, stdout: version, stderr: '' });
  });

  it('lists every command with an example in --help', async () => {
    const { code, stdout, stderr } = await cli(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const command of COMMANDS) {
      expect(stdout).toMatch(new RegExp(`^  ${command} .*\\w`, 'm'));
      expect(stdout).toContain(`$ breakwater ${command}`);
    }
  });

  it.each(COMMANDS)('shows an example in %s --help', async (command) => {
    const { code, stdout, stderr } = await cli([command, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      new RegExp(`Usage: breakwater ${command}[^]*Example:\n  \\$ .*breakwater ${command}`),
    );
  });

  it.each([
    ['a command that is nearly one', ['chekc'], "unknown command 'chekc'\n(Did you mean check?)"],
    ['a command that is none', ['frobnicate'], "unknown command 'frobnicate'\n(add --help for the options)"],
    [
      'an option that is nearly one',
      ['start', '--confg', 'x'],
      "unknown option '--confg'\n(Did you mean --config?)",
    ],
    [
      'an option that is none',
      ['--frobnicate'],
      "unknown option '--frobnicate'\n(add --help for the options)",
    ],
    [
      'an option without its value',
      ['check', '-c'],
      "option '-c, --config <file>' argument missing\n(add --help",
    ],
    [
      'a file without its option',
      ['start', 'my.yaml'],
      'found my.yaml; a configuration file is named with -c, as in `breakwater start -c my.yaml`\n(add --help',
    ],
    ['one word too many', ['schema', 'my.yaml'], 'too many arguments'],
    [
      'two files',
      ['check', '-c', 'a.yaml', '--config', 'b.yaml'],
      "argument 'b.yaml' is invalid. It is given twice, and there can be only one configuration file.\n(add --help",
    ],
  ])('exits with 1 and a hint on %s', async (_, args, hint) => {
    const { code, stdout, stderr } = await cli(args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(hint);
  });

  it('starts the gateway when the file comes first', async () => {
    const { code, stderr } = await cli(['-c', 'none.yaml']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('nothing was started')]);
  });

  it('exits with 1 and shows the help on stderr without a command', async () => {
    expect(await cli([])).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining('Examples:') });
  });
});
