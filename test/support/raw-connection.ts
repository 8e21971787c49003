import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { until } from './until.js';

/** A connection to a server, written and read piece by piece, until the test ends. */
export class RawConnection {
  received = '';
  private end: 'closed' | 'reset' | undefined;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => (this.received += chunk.toString('latin1')));
    socket.once('error', () => (this.end = 'reset'));
    socket.once('close', () => (this.end ??= 'closed'));
    onTestFinished(() => void socket.destroy());
  }

  static to(url: string): Promise<RawConnection> {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawConnection(socket));
      });
    });
  }

  send(bytes: string | Buffer): this {
    this.socket.write(bytes, 'latin1');
    return this;
  }

  /** @returns everything received once it contains `text` */
  async until(text: string, within?: number): Promise<string> {
    await until(`the answer holds ${JSON.stringify(text)}`, () => this.received.includes(text), within);
    return this.received;
  }

  /** @returns how the other side closed it: with a FIN, or with a reset */
  ended(within = 20_000): Promise<'closed' | 'reset'> {
    return new Promise((resolve, reject) => {
      if (this.end !== undefined) return resolve(this.end);
      const late = () => reject(new Error(`Not within ${within} ms: the connection is closed`));
      const timer = setTimeout(late, within);
      this.socket.once('close', () => {
        clearTimeout(timer);
        resolve(this.end ?? 'closed');
      });
    });
  }
}
