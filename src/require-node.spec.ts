import { describe, expect, it } from 'vitest';
import { nodeTooOld } from './require-node.js';

describe('nodeTooOld', () => {
  it.each(['24.9.0', '24.10.0', '24.100.1', '26.0.0', '100.0.0'])('is content with %s', (version) => {
    expect(nodeTooOld(version, '>=24.9')).toBeUndefined();
  });

  it.each(['24.8.0', '24.0.0', '20.20.2', '9.0.0', '4.9.1'])('is not with %s', (version) => {
    expect(nodeTooOld(version, '>=24.9')).toContain(`needs Node.js 24.9 or newer, this is ${version}.`);
  });
});
