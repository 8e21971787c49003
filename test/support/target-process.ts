import { spawnNode, type TestProcess } from './process.js';

/** Answers with its name, and logs each complete POST before its response. */
const SERVICE = `
  require('node:http').createServer((req, res) => {
    req.resume().on('end', () => {
      if (req.method === 'POST') console.log(JSON.stringify({ delivered: req.url }));
      setTimeout(() => res.end(process.argv[1]), req.method === 'POST' ? 20 : 5);
    });
  }).listen(0, '127.0.0.1', function () {
    console.log(JSON.stringify({ msg: 'listening', port: this.address().port }));
  });
`;

export interface TargetProcess {
  readonly process: TestProcess;
  /** Host and port, as in labels of metrics. */
  readonly name: string;
}

/** Runs a target of an upstream as a process of its own, until the test ends. */
export async function spawnTarget(name: string): Promise<TargetProcess> {
  const process = spawnNode(['-e', SERVICE, name]);
  const { port } = await process.json(({ msg }) => msg === 'listening');
  return { process, name: `127.0.0.1:${Number(port)}` };
}
