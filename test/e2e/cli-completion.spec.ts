import { describe, expect, it } from 'vitest';
import { cli, shell } from '../support/cli.js';

/** @returns what bash offers for the last of the words */
async function offered(...words: string[]): Promise<string[]> {
  const setUp = `COMP_WORDS=(breakwater ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}`;
  const script = `eval "$(breakwater completion bash)"; ${setUp}; _breakwater; echo "\${COMPREPLY[@]}"`;
  const { stdout } = await shell(script, {}, 'bash');
  return stdout.split(' ');
}

describe('breakwater completion', { timeout: 60_000 }, () => {
  it('completes commands and their options in bash', async () => {
    expect(await offered('ch')).toEqual(['check']);
    expect(await offered('token', '--s')).toEqual(['--sub', '--scopes']);
    expect(await offered('frobnicate', '')).toContain('start');
  });

  it('completes file names for arguments in bash', async () => {
    expect(await offered('start', '-c', '')).toEqual(['']);
    expect(await offered('diff', '')).toEqual(['']);
    expect(await offered('completion', '')).toEqual(['bash', 'zsh']);
  });

  it('completes the same in zsh', async () => {
    const { stdout } = await cli(['completion', 'zsh']);
    expect(stdout).toMatch(/^autoload -U \+X bashcompinit && bashcompinit\n_breakwater\(\)/);
  });

  it('rejects other shells', async () => {
    const { code, stderr } = await cli(['completion', 'fish']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('Allowed choices are bash, zsh.')]);
  });
});
