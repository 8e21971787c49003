import { createHash } from 'node:crypto';
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { keepUntilEnd, spawnGateway } from '../support/process.js';

const GOOD = `
server: { port: 0, shutdown: { delay: 0s, drain: 1s } }
management: { port: 0 }
upstreams: { users: { url: "http://127.0.0.1:1" } }
routes: [{ id: users, match: { path: /users, methods: [GET] }, upstream: users }]
`;

const BOMB = `
a: &a [x, x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
e: &e [*d, *d, *d, *d, *d, *d, *d, *d, *d, *d]
f: [*e, *e, *e, *e, *e, *e, *e, *e, *e, *e]
`;

let gateway: Awaited<ReturnType<typeof spawnGateway>>;
const keep = keepUntilEnd();
beforeAll(async () => {
  gateway = await spawnGateway(GOOD, {}, keep);
});

/** Puts something in the place of the file. */
type Damage = (file: string) => Promise<unknown>;
const text =
  (content: string | Buffer): Damage =>
  (file) =>
    writeFile(file, content);

const DAMAGES: readonly (readonly [what: string, damage: Damage, why: RegExp])[] = [
  ['half-written', text(GOOD.slice(0, -30)), /never closed/],
  ['empty', text(''), /the file is empty/],
  ['huge', (file) => truncate(file, 10 * 2 ** 30), /larger than 64 MiB/],
  ['missing', () => Promise.resolve(), /no such file/],
  ['a directory', (file) => mkdir(file), /it is a directory/],
  ['not text', text(Buffer.from([0xff, 0xfe, 0x00])), /not UTF-8/],
  ['a YAML bomb', text(GOOD + BOMB), /aliases repeat more than/],
  ['with duplicate keys', text(`${GOOD}routes: []\n`), /duplicate key, first written on line 5/],
  [
    'with a reference to nothing',
    text(GOOD.replace('upstream: users', 'upstream: user')),
    /did you mean `users`/,
  ],
  [
    'without a file that it names',
    text(GOOD.replace('port: 0 }', 'port: 0, token: "${file:none}" }')),
    /no such file/,
  ],
];

/** 405 shows that the route is there; without it, the status would be 404. */
const status = async () => (await fetch(`${gateway.url}/users`, { method: 'POST' })).status;
const admin = async () =>
  (await (await fetch(`${gateway.managementUrl}/admin/config`)).json()) as Record<string, unknown>;
const metric = async (name: string) => {
  const metrics = await (await fetch(`${gateway.managementUrl}/metrics`)).text();
  return metrics.split('\n').find((line) => line.startsWith(`${name} `));
};

describe('a file that cannot be used leaves the last good one in force, and the error says why', () => {
  it.each(DAMAGES)('%s', async (_, damage, why) => {
    const before = await admin();
    await rm(gateway.file, { recursive: true, force: true });
    if (why.source.includes('larger')) await writeFile(gateway.file, '');
    await damage(gateway.file);
    const answer = await fetch(`${gateway.managementUrl}/admin/config/reload`, {
      method: 'POST',
      headers: { 'X-Breakwater-Action': '1' },
    });
    expect([answer.status, await answer.json()]).toEqual([
      422,
      expect.objectContaining({ code: 'config_invalid', detail: expect.stringMatching(why) }),
    ]);
    const { revision, hash, succeededAt, lastReload } = await admin();
    expect({ revision, hash, succeededAt }).toEqual({
      revision: before['revision'],
      hash: before['hash'],
      succeededAt: before['succeededAt'],
    });
    expect(lastReload).toMatchObject({ result: 'failed', error: expect.stringMatching(why) });
    expect(await status()).toBe(405);
    await rm(gateway.file, { recursive: true, force: true });
  });

  it('and is reported in the log and in metrics when the watcher finds it', async () => {
    await writeFile(gateway.file, 'routes: [');
    await gateway.process.json(
      ({ msg, cause, error }) =>
        msg === 'configuration not reloaded' && cause === 'file' && /never closed/.test(String(error)),
    );
    expect(await metric('breakwater_config_reloads_total{result="failed"}')).toMatch(/ \d+$/);
    const hash = createHash('sha256').update(GOOD).digest('hex').slice(0, 16);
    expect(await metric(`breakwater_config_info{revision="1",hash="${hash}"}`)).toMatch(/ 1$/);
    const succeeded = await metric('breakwater_config_last_success_timestamp_seconds');
    await writeFile(gateway.file, GOOD);
    await gateway.process.json(({ msg, cause }) => msg === 'configuration unchanged' && cause === 'file');
    expect(await metric('breakwater_config_last_success_timestamp_seconds')).not.toBe(succeeded);
  });
});
