import { configDefaults, defineConfig } from 'vitest/config';

/** Specs that are long by nature: large transfers, lossy networks, long churn, benchmarks. */
const SOAK = '**/*.soak.spec.ts';

/** Suites that need signals, a shell or Debian's tools, none of which Windows has. */
const POSIX = [
  'test/{chaos,demo,scripts,architecture}/**',
  'test/e2e/{shutdown,several-gateways,dns,cli-*}.spec.ts',
];
const elsewhere = process.platform === 'win32' ? POSIX : [];
if (elsewhere.length > 0) process.emitWarning(`Skipped for want of signals and a shell: ${POSIX.join(', ')}`);

/** `vitest run` runs everything but the soak specs, `vitest run --mode soak` runs those alone. */
export default defineConfig(({ mode }) => ({
  test: {
    ...(mode === 'soak'
      ? { include: [SOAK], exclude: [...configDefaults.exclude, ...elsewhere] }
      : { include: ['{src,test}/**/*.spec.ts'], exclude: [...configDefaults.exclude, ...elsewhere, SOAK] }),
    setupFiles: ['reflect-metadata'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    // Loading Nest anew took most of the time of a small file. Each test restores what is process-wide (metrics, timers,
    // environment variables).
    isolate: false,
  },
}));
