import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Clock } from '../../../common/clock.js';
import { faultEntry, reasonOf } from '../../../common/errors/fault.js';
import { Event } from '../../../common/event.js';
import { turns } from '../../../common/turns.js';
import { ConfigRefusedError, ConfigStore } from '../config.store.js';
import { CLOCK, CONFIG_SOURCE, PLUGINS } from '../config.tokens.js';
import type { GatewayConfig } from '../gateway-config.js';
import { checkPlugins, type ConfigSource } from '../load-config-file.js';
import type { Plugin } from '../plugins/plugin.types.js';
import { formatProblems } from '../problem.js';
import type { ConfigDiff } from './config-diff.js';
import { type ConfigText, type WrittenConfig, writeConfig } from './config-text.js';
import { ConfigWatcher } from './config-watcher.js';
import { readInWorker } from './read-in-worker.js';
import { planReload } from './reload-plan.js';

export type ReloadCause = 'file' | 'signal' | 'admin' | 'code';

/** The end of a reload. */
export interface Reload {
  readonly cause: ReloadCause;
  readonly result: 'applied' | 'unchanged' | 'failed';
  /** Milliseconds, reading and checking included. */
  readonly durationMs: number;
  /** Of an applied one. */
  readonly diff?: ConfigDiff;
  /** Why nothing has changed, of a failed one: a text of one or more lines without secrets. */
  readonly error?: string;
  /** Of a valid file, in the form of `error`. */
  readonly warnings?: string;
}

interface NextConfig {
  readonly text: ConfigText;
  readonly hash: string;
  readonly warnings: string;
}

/** What a reload would change. */
export interface ConfigPreview {
  /** Of the text. */
  readonly hash: string;
  readonly diff: ConfigDiff;
  /** Settings that would wait for a restart. */
  readonly restartFor: readonly string[];
  /** Of one or more lines; empty without warnings. */
  readonly warnings: string;
}

/** What `GET /admin/config` shows. */
export interface ConfigStatus {
  /** `undefined` when the configuration does not come from a file. */
  readonly file: string | undefined;
  /** 1 at the start, and one more with each change. */
  readonly revision: number;
  readonly hash: string;
  /** When this revision came into force. */
  readonly appliedAt: Date;
  /** When the file was last read without an error. */
  readonly succeededAt: Date;
  /** Settings that have other values in the file, which take effect with a restart. */
  readonly restartFor: readonly string[];
  readonly lastReload: (Reload & { readonly at: Date }) | undefined;
}

/** Reads the configuration anew when it changes, at a signal, or on request, and puts it in force if it is right. */
@Injectable()
export class ConfigReloader implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly reloaded = new Event<Reload>();
  status: ConfigStatus;
  private readonly logger = new Logger('Config');
  private readonly stopping = new AbortController();
  private readonly watcher: ConfigWatcher | undefined;
  /** What the file says; some of it may not be in force. */
  private written: WrittenConfig | undefined;
  /** The last one, under way or over. */
  private last: Promise<unknown> = Promise.resolve();
  /** A reload that has not begun. */
  private waiting: Promise<Reload> | undefined;

  constructor(
    @Inject(ConfigStore) private readonly store: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG_SOURCE) private readonly source: ConfigSource | undefined,
    @Inject(PLUGINS) private readonly plugins: readonly Plugin[],
  ) {
    const now = new Date(clock.wall());
    this.status = {
      file: source?.file,
      revision: 1,
      hash: source?.hash ?? '',
      appliedAt: now,
      succeededAt: now,
      restartFor: [],
      lastReload: undefined,
    };
    this.watcher = source && new ConfigWatcher(source.files, () => void this.reload('file'));
  }

  onApplicationBootstrap(): void {
    this.watcher?.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.watcher?.stop();
    this.stopping.abort();
    await this.last;
  }

  /** Reads the file anew, and puts it in force if it is right. Never rejects. */
  reload(cause: ReloadCause): Promise<Reload> {
    // One that has not begun will read the file as it is now.
    this.waiting ??= this.afterLast(() => {
      this.waiting = undefined;
      return this.attempt(cause, () => this.readFile(true));
    });
    return this.waiting;
  }

  /**
   * Puts another configuration in force, for programs. Never rejects.
   *
   * @param config of `parseConfig`
   */
  replace(config: GatewayConfig): Promise<Reload> {
    const write = async () => ({ text: (await writeConfig(config, turns())).text, hash: '', warnings: '' });
    return this.afterLast(() => this.attempt('code', write));
  }

  /**
   * Says what a reload would change, without effect.
   *
   * @param given the text of a file; default: the file as it is now
   * @throws ConfigRefusedError with the problems of the text, or when there is no file
   */
  async preview(given?: string): Promise<ConfigPreview> {
    // Whoever may look ahead must not run code by that.
    const { text, hash, warnings } = await this.readFile(false, given);
    const { diff, restartFor } = await planReload(text, this.store.current, this.written);
    return { hash, diff, restartFor, warnings };
  }

  private afterLast(run: () => Promise<Reload>): Promise<Reload> {
    const result = this.last.then(run);
    this.last = result;
    return result;
  }

  private async attempt(cause: ReloadCause, read: () => Promise<NextConfig>): Promise<Reload> {
    const startedAt = this.clock.now();
    const end = await read()
      .then((next) => this.apply(next))
      .catch((error: unknown) => ({ result: 'failed', error: this.reasonOf(error) }) as const);
    const reload = { cause, ...end, durationMs: Math.round(this.clock.now() - startedAt) };
    const at = new Date(this.clock.wall());
    const { succeededAt } = this.status;
    const lastReload = { ...reload, at };
    this.status = { ...this.status, succeededAt: end.result === 'failed' ? succeededAt : at, lastReload };
    if (!this.stopping.signal.aborted) this.reloaded.emit(reload);
    return reload;
  }

  /**
   * @param mayLoad whether modules of plugins that are new can be loaded
   * @param given in place of what is in the file
   */
  private async readFile(mayLoad: boolean, given?: string): Promise<NextConfig> {
    if (!this.source) throw new ConfigRefusedError('the configuration does not come from a file');
    const { file } = this.source;
    const read = await readInWorker(file, this.stopping.signal, given);
    const reading = checkPlugins(read, { given: this.plugins, mayLoad, opens: false });
    if (given === undefined) this.watcher?.watch(reading.source.files);
    if (!reading.ok) throw new ConfigRefusedError(formatProblems(file, reading.problems));
    const { text, warnings, source } = reading;
    return { text, hash: source.hash, warnings: formatProblems(file, warnings) };
  }

  private async apply({ text, hash, warnings }: NextConfig): Promise<Omit<Reload, 'cause' | 'durationMs'>> {
    const { current } = this.store;
    const { written, config, diff, restartFor } = await planReload(text, current, this.written);
    const isChanged = Object.entries(config).some(([key, each]) => Reflect.get(current, key) !== each);
    if (isChanged) await this.store.apply(config);
    this.written = written;
    const { revision } = this.status;
    this.status = { ...this.status, hash, restartFor };
    if (!isChanged) return { result: 'unchanged', warnings };
    this.status = { ...this.status, revision: revision + 1, appliedAt: new Date(this.clock.wall()) };
    return { result: 'applied', diff, warnings };
  }

  private reasonOf(error: unknown): string {
    // Anything else is a fault of the gateway, and its message is not written for operators.
    if (!(error instanceof ConfigRefusedError)) this.logger.error(faultEntry(error));
    return reasonOf(error);
  }
}
