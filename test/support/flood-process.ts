// Keeps a number of connections busy: each one sends its next request at once, whatever the response was, as clients do
// that obey no `Retry-After`. Takes a URL and the number, and runs until it is ended. At each SIGUSR2 it prints, as a JSON
// line, what has come since the last one to requests that were sent since then: how many responses of each status, and
// the 99th percentile of the milliseconds that those with 200 took.
import { connect } from 'node:net';

const [url = '', connections = '1'] = process.argv.slice(2);
const { hostname, port, pathname, host } = new URL(url);
const request = Buffer.from(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
const HEAD = /^HTTP\/1\.1 (\d+) .*\r\ncontent-length: (\d+)\r\n.*?\r\n\r\n/is;

let statuses: Record<string, number> = {};
let durations: number[] = [];
let since = 0;

function open(): void {
  const socket = connect(Number(port), hostname);
  let received = '';
  let sentAt = performance.now();
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    received += chunk;
    const [head, status = '', length] = HEAD.exec(received) ?? [];
    if (head === undefined || received.length < head.length + Number(length)) return;
    received = '';
    const now = performance.now();
    if (sentAt >= since) statuses[status] = (statuses[status] ?? 0) + 1;
    if (sentAt >= since && status === '200') durations.push(now - sentAt);
    sentAt = now;
    socket.write(request);
  });
  // Another connection takes the place of one that is refused or reset.
  socket.on('error', () => undefined).on('close', open);
  socket.write(request);
}

process.on('SIGUSR2', () => {
  const sorted = Float64Array.from(durations).toSorted();
  console.log(JSON.stringify({ msg: 'flood', statuses, p99: sorted[Math.floor(sorted.length * 0.99)] }));
  statuses = {};
  durations = [];
  since = performance.now();
});
for (let i = 0; i < Number(connections); i++) open();
console.log(JSON.stringify({ msg: 'started' }));
