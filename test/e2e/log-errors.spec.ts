import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const LOGGER = pathToFileURL('dist/logger.js').href;

it.each([
  ['by itself', 'logger.error(error)'],
  ['in an entry', `logger.error({ message: 'a fault', err: error })`],
])('an error that is logged %s has none of its custom properties in its line', async (_, call) => {
  const code = `import { JsonLogger } from '${LOGGER}';
    const logger = new JsonLogger();
    const error = Object.assign(new TypeError('a fault'), { code: 'ERR_X', status: 404, config: 'SECRET' });
    ${call};`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code]);
  expect(JSON.parse(stdout)).toMatchObject({
    level: 'error',
    msg: 'a fault',
    err: { type: 'TypeError', message: 'a fault', code: 'ERR_X', status: 404 },
  });
  expect(stdout).not.toContain('SECRET');
});
