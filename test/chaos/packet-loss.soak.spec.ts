import { execFile, execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { badLine } from '../support/bad-line.js';
import { listen } from '../support/gateway.js';
import { Load } from '../support/load.js';
import { metric } from '../support/metrics.js';
import { TestProcess, spawnGateway } from '../support/process.js';
import { until } from '../support/until.js';

const run = promisify(execFile);

const MISSING =
  'Packets are not really lost here, only late: that needs root on Linux, iproute2 and iptables (`npm test` as root on Debian installs them).';

/** Drops 5% of the packets, each way, at random. */
const LOST = ['-p', 'tcp', '-m', 'statistic', '--mode', 'random', '--probability', '0.05', '-j', 'DROP'];

/** Whether this process can create a network namespace that drops packets. */
const canLosePackets = tryOnce();
if (!canLosePackets) console.warn(MISSING);

/** The network namespace disappears with the shell. */
function tryOnce(): boolean {
  if (process.platform !== 'linux') return false;
  const script = `ip link add near type veth peer name far && iptables -A INPUT ${LOST.join(' ')}`;
  try {
    execFileSync('unshare', ['--net', 'sh', '-c', script], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs a server in a network namespace that loses 5% of the packets in each direction. A pair of virtual interfaces leads
 * there; nothing else on this machine changes, and everything disappears with the process.
 *
 * @param script listens on every address, and prints a JSON line with `port`
 * @returns its address, and how many packets were lost so far
 */
async function spawnBehindLoss(
  script: string,
): Promise<{ readonly url: string; readonly lost: () => Promise<number> }> {
  // Its standard input ends with this process, even if that is killed.
  const withUs = `process.stdin.resume().on('end', () => process.exit());${script}`;
  const child = spawn('unshare', ['--net', process.execPath, '-e', withUs], { stdio: 'pipe' });
  const server = new TestProcess(child);
  const { port } = await server.json((line) => line['port'] !== undefined);
  const { pid = 0 } = child;
  const inside = (...command: string[]) => run('nsenter', ['--target', String(pid), '--net', ...command]);
  // Each process has its own /30 of 198.18.0.0/15, which is reserved for network tests (RFC 2544).
  const subnet = (pid % 2 ** 15) * 4;
  const address = (host: number) =>
    `198.${18 + (subnet >> 16)}.${(subnet >> 8) & 255}.${(subnet & 255) + host}`;
  const [near, far] = [`bw${pid}`, `bw${pid}far`];
  await run('ip', ['link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', String(pid)]);
  await run('ip', ['address', 'add', `${address(1)}/30`, 'dev', near]);
  await run('ip', ['link', 'set', near, 'up']);
  await inside('ip', 'address', 'add', `${address(2)}/30`, 'dev', far);
  await inside('ip', 'link', 'set', far, 'up');
  for (const chain of ['INPUT', 'OUTPUT']) await inside('iptables', '-w', '-A', chain, ...LOST);
  const lost = async () => {
    const { stdout } = await inside('iptables', '-w', '-nvxL');
    return [...stdout.matchAll(/^ *(\d+) +\d+ +DROP/gm)].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  return { url: `http://${address(2)}:${Number(port)}`, lost };
}

const CLIENTS = 4;
/** The minimum retransmission timeout of TCP on Linux, in milliseconds. */
const RESENT_AFTER = 200;
/** The body takes several packets, so that some are lost in the middle of a response. */
const BODY = 'fine '.repeat(2_000).trim();

interface Line {
  readonly url: string;
  /** The number of packets that were lost or held up so far. */
  readonly lost: () => number | Promise<number>;
}

const LINES: Record<string, () => Promise<Line>> = {
  'that stands still for a while, as TCP does after each loss': async () => {
    const url = await listen(createServer((req, res) => void req.resume().on('end', () => res.end(BODY))));
    const line = await badLine(url, { every: 20, hold: RESENT_AFTER });
    return { url: line.url, lost: line.heldUp };
  },
  ...(canLosePackets && {
    'whose kernel drops one packet of twenty': () =>
      spawnBehindLoss(`
        const server = require('node:http').createServer((req, res) => {
          req.resume().on('end', () => res.end(${JSON.stringify(BODY)}));
        });
        server.listen(0, () => console.log(JSON.stringify({ port: server.address().port })));
      `),
  }),
};

describe.each(Object.entries(LINES))('an upstream behind a line %s', (_, start) => {
  it('fails no request and delays only those whose packets were lost', { timeout: 180_000 }, async () => {
    const line = await start();
    const near = await listen(createServer((_req, res) => void res.end('near')));
    // The connect timeout has to outlast a lost handshake packet, which is sent again after a second.
    const { url, managementUrl } = await spawnGateway(`
      server: { host: 127.0.0.1, port: 0 }
      management: { port: 0 }
      upstreams:
        far: { url: "${line.url}", timeout: 30s, connectTimeout: 20s }
        near: { url: "${near}" }
      routes:
        - { id: far, match: { path: /far }, upstream: far }
        - { id: near, match: { path: /near }, upstream: near }
    `);
    const load = {
      far: new Load(`${url}/far`, { clients: CLIENTS, pace: 2 }),
      near: new Load(`${url}/near`, { clients: CLIENTS, pace: 20 }),
    };
    const [far, beside] = [load.far.fromNow(), load.near.fromNow()];
    await until(
      'many were answered, some of them late',
      async () => far.total > 300 && (await line.lost()) > 20 && far.countSlow(RESENT_AFTER * 0.9) > 5,
      120_000,
    );
    const post = await fetch(`${url}/far`, { method: 'POST', body: 'order '.repeat(5_000) });
    expect([post.status, await post.text()]).toEqual([200, BODY]);
    await Promise.all([load.far.stop(), load.near.stop()]);

    expect(far.answers.map((each) => each.slice(0, 20))).toEqual([`200 ${BODY}`.slice(0, 20)]);
    expect(far.count(`200 ${BODY}`)).toBe(far.total);
    // Most requests are not delayed.
    expect(far.countSlow(RESENT_AFTER * 0.9)).toBeLessThan(far.total / 2);
    expect(beside.answers).toEqual(['200 near']);
    // TCP recovered, so there was no retry and no failure vote.
    expect(await metric(managementUrl, 'breakwater_retries_total')).toBe(0);
    expect(await metric(managementUrl, 'breakwater_breaker_transitions_total')).toBe(0);
    const tries = (labels = {}) =>
      metric(managementUrl, 'breakwater_upstream_requests_total', { upstream: 'far', ...labels });
    expect(await tries({ outcome: 'success' })).toBe(await tries());
  });
});
