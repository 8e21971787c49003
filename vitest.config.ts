import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.spec.ts', 'test/**/*.spec.ts'],
    setupFiles: ['reflect-metadata'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    // Most of the time of a small file went into loading Nest anew. What is process-wide (metrics, timers, variables)
    // each test puts back itself.
    isolate: false,
  },
});
