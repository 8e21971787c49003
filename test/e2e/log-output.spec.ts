import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

const MODULE = pathToFileURL('dist/log-output.js').href;

/** @param script has `output`, which writes to its standard output */
function run(script: string) {
  const code = `import { stdout } from 'node:process'; import { LogOutput } from '${MODULE}';
    const output = new LogOutput(stdout.fd); ${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `line ${from + i} ü\n`).join('');

describe('the output of the log', () => {
  it('has all lines in order, also those that are left when the process ends', async () => {
    const child = run(`
      for (let i = 0; i < 20000; i++) output.write('line ' + i + ' ü\\n');
      setTimeout(() => { for (let i = 20000; i < 20010; i++) output.write('line ' + i + ' ü\\n'); }, 20);`);
    expect(await text(child.stdout)).toBe(numbered(0, 20_010));
  });

  it('has the lines before a call of process.exit', async () => {
    const child = run(`output.write('last words\\n'); process.exit(3);`);
    expect(await text(child.stdout)).toBe('last words\n');
    expect((await once(child, 'exit'))[0]).toBe(3);
  });

  it('has the lines before a call of process.exit when its reader is slow', async () => {
    // More than a pipe holds.
    const child = run(`
      for (let i = 0; i < 100000; i++) output.write('line ' + i + ' ü\\n');
      setTimeout(() => { process.stderr.write('end'); process.exit(0); }, 50);`);
    await once(child.stderr, 'data');
    expect(await text(child.stdout)).toBe(numbered(0, 100_000));
  });

  it('does not keep the process alive when nobody reads', async () => {
    const child = run(`
      for (let i = 0; i < 100000; i++) output.write('line ' + i + ' ü\\n');
      process.exit(3);`);
    expect((await once(child, 'exit'))[0]).toBe(3);
  });

  it('drops lines that nobody reads, counts them, and continues when they are read', async () => {
    const child = run(`
      const line = 'x'.repeat(1023) + '\\n';
      for (let i = 0; i < 20 * 1024; i++) output.write(line);
      process.stderr.write('dropped ' + output.dropped);
      process.stdin.once('data', () => { output.write('read again\\n'); process.stdin.destroy(); });`);
    const [said] = (await once(child.stderr, 'data')) as [Buffer];
    const dropped = Number(/^dropped (\d+)$/.exec(said.toString())?.[1]);
    // 8 MiB wait at most, besides what is being written.
    expect(dropped).toBeGreaterThan(11 * 1024);
    expect(dropped).toBeLessThan(12 * 1024 + 1);
    let received = '';
    child.stdout.on('data', (chunk: Buffer) => {
      received += chunk.toString();
      if (received.length >= (20 * 1024 - dropped) * 1024) child.stdin.write('go on\n');
    });
    await once(child, 'close');
    expect(received.length).toBe((20 * 1024 - dropped) * 1024 + 'read again\n'.length);
    expect(received.endsWith('x\nread again\n')).toBe(true);
  });

  it('counts each of several lines that are written together', async () => {
    const child = run(`
      const lines = ('x'.repeat(511) + '\\n').repeat(2);
      for (let i = 0; i < 20 * 1024; i++) output.write(lines);
      process.stderr.write('dropped ' + output.dropped);`);
    const [said] = (await once(child.stderr, 'data')) as [Buffer];
    const dropped = Number(/^dropped (\d+)$/.exec(said.toString())?.[1]);
    expect(dropped).toBeGreaterThan(22 * 1024);
    expect(dropped).toBeLessThan(24 * 1024 + 1);
  });

  it('counts bytes when it drops lines that nobody reads', async () => {
    const child = run(`
      const line = 'ü'.repeat(511) + 'x\\n';
      for (let i = 0; i < 20 * 1024; i++) output.write(line);
      process.stderr.write('dropped ' + output.dropped);`);
    const [said] = (await once(child.stderr, 'data')) as [Buffer];
    expect(Number(/^dropped (\d+)$/.exec(said.toString())?.[1])).toBeGreaterThan(11 * 1024);
  });

  it('neither fails nor buffers lines when its reader has closed the pipe', async () => {
    const child = run(`
      setInterval(() => { for (let i = 0; i < 1000; i++) output.write('x'.repeat(99) + '\\n'); }, 1);
      process.stdin.once('data', () => { process.stderr.write(String(output.dropped)); process.exit(0); });`);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    child.stdin.write('end\n');
    expect((await once(child, 'exit'))[0]).toBe(0);
  });
});
