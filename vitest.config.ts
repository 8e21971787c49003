import { configDefaults, defineConfig, type ViteUserConfig } from 'vitest/config';

/** Specs that are long by nature: large transfers, lossy networks, long churn, benchmarks. */
const SOAK = '**/*.soak.spec.ts';

/** Specs that need a Kubernetes node, which `npm run test:kubernetes` starts. */
const KUBERNETES = '**/*.kubernetes.spec.ts';

/** Suites that need signals, a shell or Debian's tools, none of which Windows has. */
const POSIX = [
  'test/{chaos,demo,examples,scripts,architecture}/**',
  'test/e2e/{shutdown,several-gateways,dns,cli-*}.spec.ts',
];
const elsewhere = process.platform === 'win32' ? POSIX : [];
if (elsewhere.length > 0) process.emitWarning(`Skipped for want of signals and a shell: ${POSIX.join(', ')}`);

/** What a mode runs: the long specs, those on a Kubernetes node, or everything else. */
function specsOf(mode: string): ViteUserConfig['test'] {
  const exclude = [...configDefaults.exclude, ...elsewhere];
  if (mode === 'soak') return { include: [SOAK], exclude };
  // They share the node and its CPUs, and wait for pods that start and stop.
  const slow = { testTimeout: 300_000, hookTimeout: 300_000, fileParallelism: false };
  if (mode === 'kubernetes')
    return { include: [KUBERNETES], globalSetup: 'test/kubernetes/setup.ts', ...slow };
  // On two cores, a third of the time is spent waiting for servers and processes.
  return { include: ['{src,test}/**/*.spec.ts'], exclude: [...exclude, SOAK, KUBERNETES], maxWorkers: 3 };
}

export default defineConfig(({ mode }) => ({
  test: {
    setupFiles: ['reflect-metadata'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    maxWorkers: 2,
    // Loading Nest anew took most of the time of a small file. Each test restores what is process-wide (metrics, timers,
    // environment variables).
    isolate: false,
    ...specsOf(mode),
  },
}));
