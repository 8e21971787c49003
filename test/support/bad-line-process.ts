/**
 * Simulates a bad line: it forwards TCP connections to a port of the loopback interface with a delay.
 *
 *   node test/support/bad-line-process.ts --to 8080 --delay 100 --rate 1000000 --every 20 --hold 200
 *
 * Each direction of each connection is delayed by `--delay` milliseconds, carries `--rate` bytes per second, and stops
 * for `--hold` milliseconds at every n-th piece, as TCP does until it retransmits a lost packet. It prints one JSON line
 * with its port when it listens, and one for each piece that was held up.
 */
import { type AddressInfo, connect, createServer } from 'node:net';
import { pipeline, Transform, type TransformCallback } from 'node:stream';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    to: { type: 'string' },
    delay: { type: 'string', default: '0' },
    rate: { type: 'string', default: 'Infinity' },
    every: { type: 'string', default: 'Infinity' },
    hold: { type: 'string', default: '0' },
  },
});
const delayMs = Number(values.delay);
const bytesPerMs = Number(values.rate) / 1000;
const every = Number(values.every);
const holdMs = Number(values.hold);
/** Counts the pieces of all connections. */
let pieces = 0;

class Line extends Transform {
  private freeAt = 0;
  private readonly onTheWay: Buffer[] = [];

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const isLost = ++pieces % every === 0;
    if (isLost) console.log(JSON.stringify({ msg: 'held up' }));
    const now = performance.now();
    this.freeAt = Math.max(this.freeAt, now) + piece.length / bytesPerMs + (isLost ? holdMs : 0);
    this.onTheWay.push(piece);
    // The pieces stay in order whichever timer fires first.
    setTimeout(() => this.push(this.onTheWay.shift()), this.freeAt - now + delayMs);
    setTimeout(done, this.freeAt - now);
  }

  override _flush(done: TransformCallback): void {
    // Ends a little later than the last piece, however timers are rounded.
    setTimeout(done, Math.max(this.freeAt - performance.now(), 0) + delayMs + 2);
  }
}

const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
  const far = connect({ port: Number(values.to), host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  // Either end can close at any time; `pipeline` closes the other one.
  pipeline(near, new Line(), far, (error) => error && near.destroy());
  pipeline(far, new Line(), near, (error) => error && far.destroy());
});
server.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ msg: 'listening', port: (server.address() as AddressInfo).port }));
});
