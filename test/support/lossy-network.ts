import { execFile, execFileSync, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { TestProcess } from './process.js';

const run = promisify(execFile);

const MISSING =
  'Packets are not really lost here, only late: that needs root on Linux, iproute2 and iptables (`npm test` as root on Debian installs them).';

/** One of so many, each way, at random. */
const LOST = ['-p', 'tcp', '-m', 'statistic', '--mode', 'random', '--probability', '0.05', '-j', 'DROP'];

/** Whether the kernel can lose packets of a network of its own. */
export const canLosePackets = tryOnce();
if (!canLosePackets) console.warn(MISSING);

/** In a network that is gone with the shell. */
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
 * A server as a process in a network of its own, which loses one packet of twenty in each direction. A pair of virtual
 * interfaces leads there; nothing else on this machine is touched, and all of it goes away with the process.
 *
 * @param script listens on every address, and prints a JSON line with `port`
 * @returns its address, and how many packets were lost so far
 */
export async function spawnBehindLoss(
  script: string,
): Promise<{ readonly url: string; readonly lost: () => Promise<number> }> {
  // Its input ends with this process, even with one that is killed.
  const withUs = `process.stdin.resume().on('end', () => process.exit());${script}`;
  const child = spawn('unshare', ['--net', process.execPath, '-e', withUs], { stdio: 'pipe' });
  const server = new TestProcess(child);
  const { port } = await server.json((line) => line['port'] !== undefined);
  const { pid = 0 } = child;
  const inside = (...command: string[]) => run('nsenter', ['--target', String(pid), '--net', ...command]);
  // A /30 of its own out of 198.18.0.0/15, which is kept for tests of networks (RFC 2544).
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
