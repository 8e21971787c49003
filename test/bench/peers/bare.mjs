// The ceiling: what one Node process can forward when it does nothing else. Streams both ways with back-pressure over
// undici's keep-alive pool; no routing, no header policy, no failure handling worth the name.
import { createServer } from 'node:http';
import { Pool } from 'undici';
import { listen } from './listen.mjs';

const pool = new Pool(process.argv[2], { connections: 128, pipelining: 1 });
const hopByHop = new Set(['connection', 'host', 'keep-alive', 'transfer-encoding', 'upgrade']);

const server = createServer((req, res) => {
  const { method, url: path } = req;
  const body = method === 'GET' || method === 'HEAD' ? null : req;
  pool.dispatch({ method, path, headers: endToEnd(req.rawHeaders), body }, new Reply(res));
});

class Reply {
  constructor(res) {
    this.res = res;
  }

  onRequestStart() {}

  onResponseStart(_controller, status, headers) {
    const kept = [];
    for (const name of Object.keys(headers)) {
      if (!hopByHop.has(name)) kept.push(name, headers[name]);
    }
    this.res.writeHead(status, kept);
  }

  onResponseData(controller, chunk) {
    // A response whose client left is never drained; waiting for that would hold the connection forever.
    if (this.res.write(chunk) || this.res.destroyed) return;
    controller.pause();
    this.res.once('drain', () => controller.resume());
  }

  onResponseEnd() {
    this.res.end();
  }

  onResponseError() {
    if (this.res.headersSent) this.res.destroy();
    else this.res.writeHead(502).end();
  }
}

function endToEnd(raw) {
  const headers = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (!hopByHop.has(raw[i].toLowerCase())) headers.push(raw[i], raw[i + 1]);
  }
  return headers;
}

listen(server);
