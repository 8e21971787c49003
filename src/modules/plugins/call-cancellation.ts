import type { Cancellation } from '../../common/cancellation.js';

/** Says that nobody waits for a call of a plugin any more. */
export class CallCancellation {
  private controller: AbortController | undefined;
  private isTimedOut = false;

  /** @param gone the client has left */
  constructor(readonly gone: Cancellation) {}

  /** Made when the plugin reads it, because few calls do. */
  get signal(): AbortSignal {
    if (this.controller) return this.controller.signal;
    const controller = (this.controller = new AbortController());
    if (this.isTimedOut || this.gone.aborted) controller.abort();
    else this.gone.addEventListener('abort', () => controller.abort(), { once: true });
    return controller.signal;
  }

  /** The plugin has used up its `timeout`. */
  timeOut(): void {
    this.isTimedOut = true;
    this.controller?.abort();
  }
}
