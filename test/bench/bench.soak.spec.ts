import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { spawnScript, temporaryFile } from '../support/process.js';
import { until } from '../support/until.js';

interface Row {
  readonly id: string;
  readonly requestsPerSecond: number;
  readonly ofCeiling?: number;
  readonly ofConstant?: number;
  readonly failed: number;
}

interface Run {
  readonly machine: { readonly cores: number };
  readonly throughput?: { readonly rows: readonly Row[] };
  readonly latency?: { readonly direct: { p50Ms: number; sent: number }; readonly rows: readonly Measured[] };
  readonly memory?: readonly Measured[];
  readonly bodies?: readonly Measured[];
  readonly scale?: readonly {
    readonly routes: readonly Measured[];
    readonly upstreams: readonly Measured[];
  }[];
}

type Measured = Readonly<Record<string, unknown>>;

// The timeout allows for a build in a first run.
describe('npm run bench', { timeout: 120_000 }, () => {
  it('measures Breakwater beside the bare proxy', async () => {
    const { code, rows, run } = await bench('--only', 'bare,breakwater');

    expect(run.machine.cores).toBe(availableParallelism());

    expect(rows.map(({ id }) => id)).toEqual(['breakwater', 'bare']);
    for (const row of rows) {
      expect(row.failed).toBe(0);
      expect(row.requestsPerSecond).toBeGreaterThan(0);
    }
    expect(rows[0]?.ofCeiling).toBeGreaterThan(0);
    expect(code).toBe(0);
  });

  it('measures the cache beside a constant Nest handler', async () => {
    const { code, rows, output } = await bench('--only', 'nest-constant,breakwater-cached');

    expect(rows.map(({ id, failed }) => [id, failed])).toEqual([
      ['breakwater-cached', 0],
      ['nest-constant', 0],
    ]);
    expect(rows[0]?.ofConstant).toBeGreaterThan(0);
    expect(output).toContain('of a Nest handler with one guard and one interceptor');
    expect(code).toBe(0);
  });

  it('measures how fast requests are rejected while the breaker is open', async () => {
    const { code, rows } = await bench('--only', 'breakwater-open');
    expect(rows).toMatchObject([{ id: 'breakwater-open', failed: 0 }]);
    expect(rows[0]?.requestsPerSecond).toBeGreaterThan(0);
    expect(code).toBe(0);
  });

  it('measures latency, memory, body sizes, routes, upstreams and reloads', async () => {
    const wanted = ['--measure', 'latency,memory,bodies,scale', '--only', 'bare,breakwater'];
    const { code, output, run } = await bench('--quick', ...wanted);
    const { latency, memory, bodies, scale } = run;
    expect([code, output]).toEqual([0, expect.stringContaining('Reload')]);

    expect(latency?.direct).toMatchObject({ sent: 1000 });
    expect(latency?.direct.p50Ms).toBeGreaterThan(0);
    expect(latency?.rows).toMatchObject([
      { id: 'breakwater', sent: 1000, failed: 0, addedP50Ms: expect.any(Number) },
      { id: 'bare', sent: 1000, failed: 0, addedP50Ms: expect.any(Number) },
    ]);
    expect(memory).toMatchObject([
      { id: 'breakwater', connections: 1000, failed: 0 },
      { id: 'bare', connections: 1000, failed: 0 },
    ]);
    for (const { idleBytes, connectedBytes } of memory ?? []) {
      expect(idleBytes).toBeGreaterThan(1e6);
      expect(connectedBytes).toBeGreaterThan(Number(idleBytes));
    }
    expect(bodies?.map(({ id, failed }) => [id, failed])).toEqual([
      ['breakwater', 0],
      ['bare', 0],
    ]);
    // Only what reads its routes from a file can have many and reload them.
    expect(scale).toMatchObject([
      {
        id: 'breakwater',
        routes: [10, 1000].map((routes) => ({ routes, failed: 0, reload: { failed: 0 } })),
        upstreams: [2, 200].map((upstreams) => ({ upstreams, failed: 0 })),
      },
    ]);
  });

  // Contenders that wait are stopped, and such a process ignores SIGTERM until it continues.
  it.runIf(process.platform === 'linux')('leaves no process behind when it is stopped', async () => {
    const script = spawnScript(['scripts/bench.mjs', '--only', 'bare,breakwater', '--rounds', '9']);
    await until('contenders wait', () => states(descendants(script.child.pid!)).includes('T'), 60_000);
    const pids = descendants(script.child.pid!);
    script.kill('SIGTERM');
    expect(await script.exited).toBe(143);
    expect(pids.length).toBeGreaterThan(2);
    expect(states(pids)).toEqual([]);
  });

  it('measures the steps of the request path with --micro', async () => {
    const run = spawnScript(['scripts/bench.mjs', '--micro']);
    const code = await run.exited;
    expect([code, run.stderr]).toEqual([0, '']);
    expect(run.lines.join('\n')).toMatch(/guard: a token seen before +\d+\n/);
  });

  it('reports the run as void when a single request fails', async () => {
    const { code, rows, output } = await bench('--only', 'bare', '--against', await brokenBuild());

    expect(rows.find(({ id }) => id !== 'bare')?.failed).toBeGreaterThan(0);
    expect(output).toContain('VOID');
    expect(code).toBe(1);
  });

  it('does not measure a contender that accepts requests without a token', async () => {
    const build = await brokenBuild('authorization = "any";');
    const { code, stderr } = await bench('--only', 'bare', '--against', build);

    expect(stderr).toContain('is not measured: without a token it answered 200');
    expect(code).toBe(1);
  });
});

/** The processes that a process started, and those that they started. */
function descendants(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** The states of those processes that are still there: R for running, S for sleeping, T for stopped. */
function states(pids: readonly number[]): string[] {
  return pids.flatMap((pid) => read(`/proc/${pid}/stat`).split(') ').at(-1)?.[0] ?? []);
}

/** Reads a file of a process, which may have ended. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

async function bench(...args: string[]) {
  const report = await temporaryFile('report.json', '{}');
  const shortest = ['--rounds', '1', '--warm-up', '0', '--seconds', '1', '--json', report];
  const script = spawnScript(['scripts/bench.mjs', ...shortest, ...args]);
  const code = await script.exited;
  const run = JSON.parse(await readFile(report, 'utf8')) as Run;
  const output = script.lines.join('\n');
  return { code, run, rows: run.throughput?.rows ?? [], output, stderr: script.stderr };
}

/** Builds a contender that passes the examination and then fails one request in a hundred. */
async function brokenBuild(flaw = ''): Promise<string> {
  const build = dirname(await temporaryFile('package.json', '{}'));
  await mkdir(join(build, 'dist'));
  await writeFile(
    join(build, 'dist/cli.js'),
    `const { createServer } = require('node:http');
    if (process.argv[2] === 'token') return console.log('token');
    let served = 0;
    const server = createServer((req, res) => {
      let { authorization } = req.headers;
      ${flaw}
      const status = !authorization ? 401 : ++served % 100 === 0 ? 500 : 200;
      res.writeHead(status).end('.'.repeat(460));
    }).listen(0, '127.0.0.1', () => console.log(JSON.stringify(server.address())));`,
  );
  return build;
}
