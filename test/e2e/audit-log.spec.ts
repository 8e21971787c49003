import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

it('logs manual actions at every log level', async () => {
  const script = `import { JsonLogger } from '${pathToFileURL('dist/logger.js').href}';
    const logger = new JsonLogger('fatal');
    logger.log({ message: 'manual action', action: 'breaker.isolate' }, 'Audit');
    logger.error({ message: 'anything else' }, 'Upstream');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = (await text(child.stdout)).trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({
      level: 'info',
      context: 'Audit',
      msg: 'manual action',
      action: 'breaker.isolate',
    }),
  ]);
});
