import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '../../../common/clock.js';
import { Event } from '../../../common/event.js';
import { ConfigStore } from '../../config/config.store.js';
import { CLOCK, PROCESS_ROLE, type ProcessRole } from '../../config/config.tokens.js';
import type { OverloadConfig, Priority } from '../../config/gateway-config.js';
import { AdmissionQueue, type Waiting } from './admission-queue.js';
import { DelayWatch } from './delay-watch.js';
import { MemoryWatch } from './memory-watch.js';
import { ProcessMemory } from './process-memory.js';

/** `delay`: requests wait for too long until they are started. `memory`: there is too little of it left. */
export type OverloadReason = (typeof OVERLOAD_REASONS)[number];
export const OVERLOAD_REASONS = ['delay', 'memory'] as const;

/** An overload begins or is over. */
export interface OverloadChange {
  readonly reason: OverloadReason;
  readonly isOver: boolean;
  /** Requests that were rejected for it so far. */
  readonly rejected: number;
}

export interface OverloadRejection {
  readonly reason: OverloadReason;
  readonly priority: Priority;
}

const CHECK_INTERVAL_MS = 100;
/** Checks from one check of the memory to the next, which costs more. */
const CHECKS_PER_SAMPLE = 10;
/** Of `maxWait`. */
const WAITS: Readonly<Record<Priority, number>> = { low: 0.5, normal: 1, high: 2 };
const OFF: OverloadConfig = { maxWait: Infinity, maxMemory: Infinity };

/**
 * Keeps the process from taking more requests than it can serve. Without it, all of them would be served too late, and each of
 * them would cost more than one at a time does.
 */
@Injectable()
export class Overload implements OnModuleInit, OnApplicationShutdown {
  /** In a primary, that of its workers. */
  readonly changed = new Event<OverloadChange>();
  readonly rejected = new Event<OverloadRejection>();
  /** Asked for each request; those that find no room in it are to be held. */
  readonly queue: AdmissionQueue;
  private readonly delay = new DelayWatch();
  private readonly memory = new MemoryWatch();
  /** Since the overload of this reason began. */
  private readonly rejections: Record<OverloadReason, number> = { delay: 0, memory: 0 };
  private rejectedBefore = 0;
  private checks = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(ConfigStore) private readonly config: ConfigStore,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PROCESS_ROLE) private readonly role: ProcessRole,
    @Inject(ProcessMemory) private readonly processMemory: ProcessMemory,
  ) {
    this.queue = new AdmissionQueue({
      now: () => clock.now(),
      nextTurn: setImmediate,
      isOverloaded: () => this.delay.isOverloaded,
      longestWait: (priority) => this.limits.maxWait * WAITS[priority],
      reject: (request) => this.reject(request, 'delay'),
    });
  }

  onModuleInit(): void {
    if (this.role === 'primary') return;
    this.timer = setInterval(() => this.check(), CHECK_INTERVAL_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  isActive(reason: OverloadReason): boolean {
    return reason === 'delay' ? this.delay.isOverloaded : this.memory.isShort;
  }

  /** Has a request wait for its start or its rejection. Neither comes when its client leaves before. */
  hold(request: Waiting): void {
    if (this.memory.rejects(request.priority)) this.reject(request, 'memory');
    else this.queue.add(request);
  }

  private get limits(): OverloadConfig {
    const { overload } = this.config.current.server;
    return overload === 'off' ? OFF : overload;
  }

  private reject(request: Waiting, reason: OverloadReason): void {
    this.rejections[reason]++;
    request.reject();
    this.rejected.emit({ reason, priority: request.priority });
  }

  private check(): void {
    this.checkDelay();
    if (this.checks++ % CHECKS_PER_SAMPLE === 0) this.checkMemory();
  }

  private checkDelay(): void {
    const before = this.delay.isOverloaded;
    const now = this.clock.now();
    const wait = now - (this.queue.oldest ?? now);
    const hasRejected = this.rejections.delay !== this.rejectedBefore;
    this.rejectedBefore = this.rejections.delay;
    this.delay.check(wait > this.limits.maxWait || hasRejected);
    if (this.delay.isOverloaded !== before) this.report('delay', before);
  }

  private checkMemory(): void {
    const before = this.memory.isShort;
    this.memory.check(this.processMemory.used, this.limits.maxMemory);
    this.queue.isGuarded = this.memory.isShort;
    if (this.memory.isShort !== before) this.report('memory', before);
  }

  private report(reason: OverloadReason, isOver: boolean): void {
    this.changed.emit({ reason, isOver, rejected: this.rejections[reason] });
    if (isOver) this.rejections[reason] = 0;
    this.rejectedBefore = this.rejections.delay;
  }
}
