import { dirname } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { temporaryFile } from '../../support/process.js';

interface Contender {
  readonly id: string;
  readonly title: string;
}

// A script, without types.
const { chooseContenders, contenders } = (await import(new URL('index.mjs', import.meta.url).href)) as {
  chooseContenders: (
    only: string | undefined,
    others: readonly string[],
  ) => { chosen: Contender[]; missing: { contender: Contender; hint: string }[] };
  contenders: readonly Contender[];
};

describe('chooseContenders', () => {
  it('says how to get what is not installed, and measures the others', async () => {
    const nowhere = dirname(await temporaryFile('empty', ''));
    vi.stubEnv('PATH', nowhere).stubEnv('XDG_CACHE_HOME', nowhere);
    onTestFinished(() => void vi.unstubAllEnvs());
    const { chosen, missing } = chooseContenders(undefined, []);
    expect(missing.map(({ contender, hint }) => [contender.id, hint])).toEqual([
      ['recipe-cached', '`apt install redis-server`'],
      ['nginx', '`apt install nginx-light`'],
      ['haproxy', '`apt install haproxy`'],
      ['caddy', '`npm run bench -- --install-peers`'],
      ['spring-cloud-gateway', '`npm run bench -- --install-peers`'],
    ]);
    expect(chosen.length).toBe(contenders.length - missing.length);
  });

  it('lists the contenders when one is unknown', () => {
    expect(() => chooseContenders('bare,envoy', [])).toThrow(
      /--only does not know envoy\. There is: breakwater, .*, bare, /,
    );
  });

  it('adds the chosen rows of other builds', () => {
    const { chosen } = chooseContenders('bare,breakwater,breakwater-plain', ['/builds/before']);
    expect(chosen.map(({ id }) => id)).toEqual([
      'breakwater',
      'breakwater-plain',
      'bare',
      'breakwater:before',
      'breakwater-plain:before',
    ]);
    expect(chooseContenders('bare', ['/builds/before']).chosen.at(-1)).toMatchObject({
      id: 'breakwater:before',
      title: 'Breakwater in before',
    });
  });
});
