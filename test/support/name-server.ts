import { createSocket } from 'node:dgram';
import { execFileSync, spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { type GatewayProcess, spawnNode, temporaryFile, TestProcess } from './process.js';

/** The answer for a name: its IPv4 addresses (possibly none), an error, or no answer at all. */
export type NameAnswer = readonly string[] | 'NXDOMAIN' | 'SERVFAIL' | 'silence';

/**
 * Whether a process can have its own `/etc/resolv.conf`, so that the system's resolver uses our server. This needs root,
 * for the mount and for port 53.
 */
export const canChooseNameServer = tryMount();

function tryMount(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    execFileSync('unshare', ['--mount', 'mount', '--bind', '/dev/null', '/etc/resolv.conf'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

const RCODES = { NXDOMAIN: 3, SERVFAIL: 2 } as const;
const TYPE_A = 1;

/** A DNS server over UDP on the loopback interface, until the test ends. Every answer has a TTL of 0. */
export class NameServer {
  /** The number of A queries by name. */
  readonly asked = new Map<string, number>();
  private readonly socket = createSocket('udp4');

  private constructor(private readonly answerTo: (name: string) => NameAnswer) {
    this.socket.on('message', (question, { port, address }) => {
      const answer = this.answer(question);
      if (answer) this.socket.send(answer, port, address);
    });
    onTestFinished(() => new Promise((resolve) => this.socket.close(() => resolve())));
  }

  static async start(answerTo: (name: string) => NameAnswer): Promise<NameServer> {
    const server = new NameServer(answerTo);
    // The system's resolver uses only port 53, so each server takes its own loopback address.
    const octet = () => 1 + Math.floor(Math.random() * 254);
    const [port, address] = canChooseNameServer
      ? [53, `127.${octet()}.${octet()}.${octet()}`]
      : [0, '127.0.0.1'];
    await new Promise<void>((resolve, reject) => {
      server.socket.once('error', reject).bind(port, address, resolve);
    });
    return server;
  }

  /**
   * Starts a gateway that resolves names with this server.
   *
   * @param options timeouts of the system's resolver, for `resolv.conf`
   * @param preload JavaScript that runs in the gateway before it starts
   */
  async spawnGateway(yaml: string, options: string, preload = ''): Promise<GatewayProcess> {
    const { address, port } = this.socket.address();
    const start = ['dist/cli.js', 'start', '-c', await temporaryFile('gateway.yaml', yaml)];
    const process = canChooseNameServer
      ? await spawnWith(`nameserver ${address}\noptions ${options}\n`, [...imported(preload), ...start])
      : spawnNode([...imported(asking(`${address}:${port}`) + preload), ...start]);
    const { url, managementUrl } = await process.json(({ msg }) => msg === 'listening');
    return { process, url: String(url), managementUrl: String(managementUrl) };
  }

  private answer(question: Buffer): Buffer | undefined {
    const { name, end } = readName(question);
    const isA = question.readUInt16BE(end) === TYPE_A;
    if (isA) this.asked.set(name, (this.asked.get(name) ?? 0) + 1);
    const answer = this.answerTo(name);
    if (answer === 'silence') return undefined;
    const head = Buffer.from(question.subarray(0, 12));
    const records = isA && typeof answer === 'object' ? answer.map(addressRecord) : [];
    // The flags of a response with recursion available.
    head.writeUInt16BE(0x8180 | (typeof answer === 'string' ? RCODES[answer] : 0), 2);
    head.writeUInt16BE(records.length, 6);
    head.writeUInt32BE(0, 8);
    return Buffer.concat([head, question.subarray(12, end + 4), ...records]);
  }
}

function readName(question: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at] ?? 0; length > 0; length = question[at] ?? 0) {
    labels.push(question.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

function addressRecord(address: string): Buffer {
  // A pointer to the name in the question, type A, class IN, TTL 0 and a length of four bytes.
  return Buffer.concat([
    Buffer.from('c00c00010001000000000004', 'hex'),
    Buffer.from(address.split('.').map(Number)),
  ]);
}

function imported(source: string): string[] {
  return source === '' ? [] : ['--import', `data:text/javascript,${encodeURIComponent(source)}`];
}

/** Uses Node's own resolver with a given server where `/etc/resolv.conf` cannot be changed. */
function asking(server: string): string {
  return `
    import dns from 'node:dns';
    import { syncBuiltinESMExports } from 'node:module';
    const resolver = new dns.promises.Resolver({ timeout: 1000, tries: 1 });
    resolver.setServers(['${server}']);
    const lookup = dns.promises.lookup;
    dns.promises.lookup = async (host, options) =>
      /[a-z]$/.test(host) && host !== 'localhost'
        ? (await resolver.resolve4(host)).map((address) => ({ address, family: 4 }))
        : lookup(host, options);
    syncBuiltinESMExports();
  `;
}

async function spawnWith(resolvConf: string, args: readonly string[]): Promise<TestProcess> {
  const file = await temporaryFile('resolv.conf', resolvConf);
  const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  const command = ['--mount', 'sh', '-c', script, file, process.execPath, ...args];
  return new TestProcess(spawn('unshare', command, { stdio: ['ignore', 'pipe', 'pipe'] }));
}
