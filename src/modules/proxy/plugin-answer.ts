import type { CheckedResponse } from '../plugins/results.js';

/** Thrown by the guard of plugins, because Nest's guards have no other way to end a request with an answer. */
export class PluginAnswer {
  constructor(readonly response: CheckedResponse) {}
}
