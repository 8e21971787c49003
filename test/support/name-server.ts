import { createSocket } from 'node:dgram';
import { execFileSync, spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { answerTo, type NameAnswer, readQuestion } from './dns-message.js';
import { type GatewayProcess, spawnNode, temporaryFile, TestProcess } from './process.js';

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

/** A DNS server over UDP on the loopback interface, until the test ends. Every answer has a TTL of 0. */
export class NameServer {
  /** The number of A queries by name. */
  readonly asked = new Map<string, number>();
  private readonly socket = createSocket('udp4');

  private constructor(private readonly answerOf: (name: string) => NameAnswer) {
    this.socket.on('message', (question, { port, address }) => {
      const answer = this.answer(question);
      if (answer) this.socket.send(answer, port, address);
    });
    onTestFinished(() => new Promise((resolve) => this.socket.close(() => resolve())));
  }

  static async start(answerOf: (name: string) => NameAnswer): Promise<NameServer> {
    const server = new NameServer(answerOf);
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
    const { name, isA } = readQuestion(question);
    if (isA) this.asked.set(name, (this.asked.get(name) ?? 0) + 1);
    return answerTo(question, this.answerOf(name));
  }
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
