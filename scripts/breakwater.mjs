#!/usr/bin/env node
// `npx breakwater` runs the command line. npx links to this file instead of dist/cli.js, which a clone lacks before its
// first build. It is the only script in the package, which is built.
import { existsSync } from 'node:fs';

const isClone = existsSync(new URL('lib', import.meta.url));
await import(isClone ? './lib/npx.mjs' : '../dist/cli.js');
