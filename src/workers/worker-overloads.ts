import { Event } from '../common/event.js';
import {
  OVERLOAD_REASONS,
  type OverloadChange,
  type OverloadReason,
} from '../modules/server/overload/overload.service.js';

/** The overload of the gateway: it begins with that of the first worker, and is over with that of the last one. */
export class WorkerOverloads {
  readonly changed = new Event<OverloadChange>();
  private readonly workers: Readonly<Record<OverloadReason, Set<number>>> = {
    delay: new Set(),
    memory: new Set(),
  };
  private readonly rejected: Record<OverloadReason, number> = { delay: 0, memory: 0 };

  /** @param worker its id */
  add(worker: number, { reason, isOver, rejected }: OverloadChange): void {
    this.rejected[reason] += rejected;
    if (isOver) this.end(worker, reason);
    else if (this.workers[reason].add(worker).size === 1)
      this.changed.emit({ reason, isOver: false, rejected: 0 });
  }

  /** A worker has ended, and with it what it has counted. */
  remove(worker: number): void {
    for (const reason of OVERLOAD_REASONS) this.end(worker, reason);
  }

  private end(worker: number, reason: OverloadReason): void {
    const workers = this.workers[reason];
    if (!workers.delete(worker) || workers.size > 0) return;
    this.changed.emit({ reason, isOver: true, rejected: this.rejected[reason] });
    this.rejected[reason] = 0;
  }
}
