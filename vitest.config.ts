import { configDefaults, defineConfig } from 'vitest/config';

/** Specs that are long by nature: large transfers, lossy networks, long churn, benchmarks. */
const SOAK = '**/*.soak.spec.ts';

/** `vitest run` runs everything but the soak specs, `vitest run --mode soak` runs those alone. */
export default defineConfig(({ mode }) => ({
  test: {
    ...(mode === 'soak'
      ? { include: [SOAK] }
      : { include: ['{src,test}/**/*.spec.ts'], exclude: [...configDefaults.exclude, SOAK] }),
    setupFiles: ['reflect-metadata'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    // Loading Nest anew took most of the time of a small file. Each test restores what is process-wide (metrics, timers,
    // environment variables).
    isolate: false,
  },
}));
