import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Request } from 'express';
import type { Clock } from '../../common/clock.js';
import { CLOCK } from '../config/config.tokens.js';
import { LogLevel } from '../config/log-level.js';
import { RuntimeFaults } from '../proxy/runtime-faults.js';
import { ManualSharing, type RemoteCommand } from '../replicas/manual-sharing.service.js';
import type { AuditEntry, ManualAction } from '../timeline/shapes.js';
import { Timeline } from '../timeline/timeline.js';
import { operatorOf } from './operator.js';

const KEPT = 500;

/** Who has done what through the admin API, here and, as far as it was shared, at other replicas. */
@Injectable()
export class AuditLog {
  private readonly logger = new Logger('Audit');
  private entries: readonly AuditEntry[] = [];

  constructor(
    @Inject(Timeline) private readonly timeline: Timeline,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ManualSharing) sharing: ManualSharing,
    @Inject(RuntimeFaults) faults: RuntimeFaults,
    @Inject(LogLevel) level: LogLevel,
  ) {
    faults.ended.on((subject) => timeline.add({ kind: 'action-ended', action: 'fault.set', subject }));
    level.ended.on(() => timeline.add({ kind: 'action-ended', action: 'log-level.set' }));
    sharing.received.on((command) => this.recordRemote(command));
  }

  /** At most the last 500, newest first. */
  get latest(): readonly AuditEntry[] {
    return this.entries.toReversed();
  }

  /** @param upstream whose timeline it belongs to */
  record(req: Request, action: Omit<ManualAction, 'by'>, upstream?: string): AuditEntry {
    return this.add({ ...action, by: operatorOf(req) }, upstream);
  }

  /** An operator has acted at another replica. */
  private recordRemote({ upstream, action, lasts, reason, by }: RemoteCommand): void {
    this.add({ action: `breaker.${action}`, subject: upstream, reason, by, lasts, isRemote: true }, upstream);
  }

  private add(action: ManualAction, upstream: string | undefined): AuditEntry {
    const entry = { at: new Date(this.clock.wall()), ...action };
    this.entries = [...this.entries, entry].slice(-KEPT);
    this.timeline.add({ kind: 'action', upstream, ...action });
    this.logger.log({ message: 'manual action', ...action });
    return entry;
  }
}
