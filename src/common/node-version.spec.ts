import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodeTooOld } from './node-version.js';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  engines: { node: string };
};

describe('nodeTooOld', () => {
  it('asks for the oldest Node of package.json', () => {
    expect(manifest.engines.node).toBe('>=24');
    expect(nodeTooOld('24.0.0')).toBeUndefined();
    expect(nodeTooOld('26.10.0')).toBeUndefined();
    expect(nodeTooOld('20.20.2')).toMatch(/^Breakwater needs Node\.js 24 or newer, this is 20\.20\.2\./);
    expect(nodeTooOld('9.0.0')).toMatch(/this is 9\.0\.0/);
  });
});
