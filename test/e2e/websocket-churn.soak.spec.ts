import { readdir } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { bareFrame, CLOSE, FIN, frame, TEXT } from '../support/frames.js';
import { listen } from '../support/gateway.js';
import { canMeasureMemory } from '../support/memory.js';
import { spawnNode, temporaryFile, type TestProcess } from '../support/process.js';
import { until } from '../support/until.js';
import { handshake, switching } from '../support/websocket.js';

const TOTAL = 10_000;
/** Between two collections of garbage. */
const ROUND = 2000;
/** Open at the same time. */
const BATCH = 250;
const MIB = 1024 * 1024;
const BYE = Buffer.from([0x03, 0xe8]);

/** Answers a handshake, a `hello` and a close frame, each with as little as will do. */
function service(socket: Socket): void {
  let head = '';
  let isOpen = false;
  socket
    .on('error', () => undefined)
    .on('data', (chunk: Buffer) => {
      if (isOpen) {
        if (chunk[0] === CLOSE) socket.end(bareFrame(CLOSE, BYE));
        else socket.write(bareFrame(FIN | TEXT, 'hello'));
        return;
      }
      head += chunk.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      isOpen = true;
      socket.write(switching(head));
    });
}

const HANDSHAKE = handshake('GET /chat');
const HELLO = frame(FIN | TEXT, 'hello');
const GOODBYE = frame(CLOSE, BYE);
const ANSWER = bareFrame(FIN | TEXT, 'hello');

/** Opens one, says hello and is answered. */
function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    const read = (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (received.endsWith('\r\n\r\n')) socket.write(HELLO);
      else if (received.endsWith(ANSWER.toString('latin1'))) {
        socket.off('data', read).resume();
        resolve(socket);
      }
    };
    socket.on('data', read).once('error', reject);
    socket.once('close', () => reject(new Error(`Closed: ${received}`)));
    socket.write(HANDSHAKE);
  });
}

/** Half of them as WebSockets end, the others as clients vanish. */
function close(socket: Socket, index: number): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
    if (index % 2 === 0) socket.write(GOODBYE);
    else socket.resetAndDestroy();
  });
}

async function churn(port: number, total: number): Promise<void> {
  for (let done = 0; done < total; done += BATCH) {
    const sockets = await Promise.all(Array.from({ length: BATCH }, () => open(port)));
    await Promise.all(sockets.map(close));
  }
}

interface Held {
  heap: number;
  rss: number;
  files: number;
}

/** Collects garbage when it is told to, and says what is left. */
const PRELOAD = `data:text/javascript,process.on('SIGUSR2', () => {
  globalThis.gc();
  const { heapUsed: heap, rss } = process.memoryUsage();
  console.log(JSON.stringify({ msg: 'held', heap, rss }));
});`.replaceAll(/\s+/g, ' ');

async function held({ child, lines }: TestProcess): Promise<Held> {
  const isAnswer = (line: string) => line.includes('"msg":"held"');
  const before = lines.filter(isAnswer).length;
  child.kill('SIGUSR2');
  await until('it says what it holds', () => lines.filter(isAnswer).length > before);
  // The line above is there.
  const { heap, rss } = JSON.parse(lines.findLast(isAnswer)!) as Held;
  return { heap, rss, files: (await readdir(`/proc/${child.pid}/fd`)).length };
}

const yaml = (url: string) => `
server: { host: 127.0.0.1, port: 0 }
management: { port: 0 }
upstreams: { chat: { url: "${url}", bulkhead: { concurrent: ${BATCH} }, pool: { connections: ${BATCH} } } }
routes: [{ id: chat, match: { path: /chat }, upstream: chat, websocket: true }]
`;

describe.runIf(canMeasureMemory)(`${TOTAL} WebSockets`, { timeout: 300_000 }, () => {
  it('leave no memory, no file and no count behind', async () => {
    const url = await listen(createServer(service));
    const config = await temporaryFile('gateway.yaml', yaml(url));
    const gateway = spawnNode(['--expose-gc', '--import', PRELOAD, 'dist/cli.js', 'start', '-c', config]);
    const { url: own, managementUrl } = await gateway.json(({ msg }) => msg === 'listening');
    const port = Number(new URL(String(own)).port);
    const metrics = async () => (await fetch(`${String(managementUrl)}/metrics`)).text();
    // Code that is compiled, pools and buffers that grow to their size once.
    await churn(port, ROUND);
    expect(await metrics()).toContain('breakwater_websocket_connections{route="chat"} 0');
    const before = await held(gateway);

    for (let done = 0; done < TOTAL; done += ROUND) {
      await churn(port, ROUND);
      // Garbage that piles up moves the memory as well, and V8 is slow to give it back.
      await held(gateway);
    }

    await until('none is open', async () => /websocket_connections{route="chat"} 0$/m.test(await metrics()));
    await until('no connection is', async () => (await held(gateway)).files <= before.files);
    const after = await held(gateway);
    expect(await metrics()).toContain('breakwater_bulkhead_in_flight{upstream="chat"} 0');
    expect((after.heap - before.heap) / MIB).toBeLessThan(3);
    expect((after.rss - before.rss) / MIB).toBeLessThan(30);
  });
});
