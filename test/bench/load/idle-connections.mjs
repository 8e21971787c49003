// Opens many connections, sends one request on each, and leaves them open. Usage:
// idle-connections.mjs '{"url":"...","headers":{},"count":10000}'. Writes one JSON line when all had their answer, and one
// with what is still open when stdin ends.
import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';

const { url, headers, count } = JSON.parse(process.argv[2]);
const { hostname, port, pathname, host } = new URL(url);
const fields = Object.entries({ Host: host, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
const request = `GET ${pathname} HTTP/1.1\r\n${fields.join('')}\r\n`;
/** Connections that are being opened at a time. */
const atATime = 100;
/**
 * Addresses of the loopback network to come from: each has its own ports, and servers limit connections by address. Other
 * systems than Linux have only one.
 */
const addresses = process.platform === 'linux' ? 50 : 1;

let open = 0;
let failed = 0;
let started = 0;

async function opener() {
  while (started < count) {
    const localAddress = `127.0.0.${1 + (started++ % addresses)}`;
    const socket = connect({ host: hostname, port: Number(port), localAddress });
    socket.on('error', () => {});
    open++;
    let isOpen = true;
    const forget = () => {
      if (isOpen) open--;
      isOpen = false;
    };
    socket.once('end', forget).once('close', forget);
    if (!(await answered(socket))) failed++;
  }
}

/** @returns {Promise<boolean>} whether a whole response came */
function answered(socket) {
  socket.setEncoding('latin1').write(request);
  return new Promise((resolve) => {
    let response = '';
    const read = (text) => {
      response += text;
      if (!isWhole(response)) return;
      socket.off('data', read).resume();
      resolve(response.startsWith('HTTP/1.1 200'));
    };
    socket.on('data', read).once('close', () => resolve(false));
  });
}

function isWhole(response) {
  const end = response.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const [, length] = /\r\ncontent-length: *(\d+)/i.exec(response.slice(0, end + 2)) ?? [];
  return length === undefined ? response.endsWith('0\r\n\r\n') : response.length >= end + 4 + Number(length);
}

await Promise.all(Array.from({ length: atATime }, opener));
console.log(JSON.stringify({ open, failed }));
await once(process.stdin.resume(), 'end');
await setImmediate(); // Connections that were closed before count as closed.
console.log(JSON.stringify({ open, failed }));
process.exit(0);
