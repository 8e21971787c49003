import { fingerprint } from './fingerprint.js';

/** Milliseconds between two looks. */
const INTERVAL = 1_000;

/** Files by path, each with its fingerprint from before it was read. */
type Fingerprints = ReadonlyMap<string, string>;

/**
 * Tells when files have changed: in place, by renaming, or behind a symbolic link. It looks at them every second instead
 * of asking the system for events, which do not exist on network file systems, and which concern other folders when a
 * link leads elsewhere.
 */
export class ConfigWatcher {
  private timer: NodeJS.Timeout | undefined;
  /** What was found at the last look, if it was new. */
  private found: string | undefined;

  /** @param onChange called once for each change, when the files have stayed the same for a second */
  constructor(
    private files: Fingerprints,
    private readonly onChange: () => void,
  ) {}

  start(): void {
    this.timer = setTimeout(
      () => void this.look().finally(() => this.timer && this.start()),
      INTERVAL,
    ).unref();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** From now on these are watched, with what they were when they were read. */
  watch(files: Fingerprints): void {
    this.files = files;
    this.found = undefined;
  }

  private async look(): Promise<void> {
    const { files } = this;
    const now = new Map<string, string>();
    for (const path of files.keys()) now.set(path, await fingerprint(path));
    if (files !== this.files) return;
    const isChanged = [...files].some(([path, before]) => now.get(path) !== before);
    const found = isChanged ? [...now.values()].join(' ') : undefined;
    const isStable = found === this.found;
    this.found = found;
    // A file that is still being written is another one at the next look.
    if (!isChanged || !isStable) return;
    this.watch(now);
    this.onChange();
  }
}
