import { ProblemError } from '../../common/errors/problem.js';
import type { PluginHeaders } from '../config/plugins/plugin.types.js';
import { PluginError } from '../plugins/plugin-failure.js';
import type { Call, PluginInstance } from '../plugins/plugin-instance.js';
import {
  applyChanges,
  type CheckedRequestDecision,
  type CheckedResponse,
  type CheckedResponseDecision,
  readRequestDecision,
  readResponseDecision,
} from '../plugins/results.js';
import type { AnswerHead, Exchange } from '../routing/exchange.js';
import { pluginCallFor } from '../routing/plugin-request.js';

/** Thrown by a guard, because Nest's guards have no other way to end a request with an answer. */
export class PluginAnswer {
  constructor(readonly response: CheckedResponse) {}
}

/** The hooks of a route, compiled. No hook is awaited unless it returns a promise. */
export class PluginHooks {
  private readonly onRequest: readonly PluginInstance[];
  /** In the reverse order. */
  private readonly onResponse: readonly PluginInstance[];

  constructor(plugins: readonly PluginInstance[]) {
    this.onRequest = plugins.filter(({ opened: { hooks } }) => hooks && 'onRequest' in hooks);
    this.onResponse = plugins.filter(({ opened: { hooks } }) => hooks && 'onResponse' in hooks).toReversed();
  }

  /**
   * Lets each plugin see a request.
   *
   * @throws PluginAnswer when one of them answers
   * @throws ProblemError `plugin_failed`
   */
  decide(exchange: Exchange, plugins = this.onRequest): true | Promise<true> {
    for (const [i, plugin] of plugins.entries()) {
      const decision = callOnRequest(exchange, plugin);
      if (decision instanceof Promise)
        return decision.then((each) => {
          follow(exchange, each);
          return this.decide(exchange, plugins.slice(i + 1));
        });
      follow(exchange, decision);
    }
    return true;
  }

  /** Lets each plugin change the head of a response; `undefined` when none of them does. */
  changeHeadOf(exchange: Exchange): Exchange['changeHead'] {
    if (this.onResponse.length === 0) return undefined;
    return (head) => this.changeHead(exchange, head);
  }

  private changeHead(
    exchange: Exchange,
    before: AnswerHead,
    plugins = this.onResponse,
  ): AnswerHead | Promise<AnswerHead> {
    let head = before;
    for (const [i, plugin] of plugins.entries()) {
      const decision = callOnResponse(exchange, plugin, head);
      if (decision instanceof Promise)
        return decision.then((each) => this.changeHead(exchange, changed(head, each), plugins.slice(i + 1)));
      head = changed(head, decision);
    }
    return head;
  }
}

function callOnRequest(exchange: Exchange, plugin: PluginInstance) {
  const { request, cancellation } = pluginCallFor(exchange);
  return guarded<CheckedRequestDecision>(exchange, plugin, {
    name: 'request',
    run: () => plugin.opened.hooks?.onRequest?.(request),
    read: readRequestDecision,
    cancellation,
  });
}

function callOnResponse(exchange: Exchange, plugin: PluginInstance, { status, lines }: AnswerHead) {
  const { request, cancellation } = pluginCallFor(exchange);
  return guarded<CheckedResponseDecision>(exchange, plugin, {
    name: 'response',
    run: () => plugin.opened.hooks?.onResponse?.({ status, headers: recordOf(lines) }, request),
    read: (result) => readResponseDecision(result, status),
    cancellation,
  });
}

/** Treats a failure as `onError` says. */
function guarded<T>(
  exchange: Exchange,
  plugin: PluginInstance,
  call: Call<T | undefined>,
): T | undefined | Promise<T | undefined> {
  const treat = (error: unknown): undefined => {
    if (!(error instanceof PluginError)) throw error;
    if (plugin.config.onError === 'skip') return undefined;
    exchange.outcome ??= 'plugin_failed';
    // A plugin that did not answer in time may still be at work.
    exchange.abandon();
    throw new ProblemError('plugin_failed', { detail: `The plugin ${error.plugin} failed.`, cause: error });
  };
  try {
    const result = plugin.call(call);
    return result instanceof Promise ? result.catch(treat) : result;
  } catch (error) {
    return treat(error);
  }
}

function follow(exchange: Exchange, decision: CheckedRequestDecision | undefined): void {
  if (!decision) return;
  const { headers, response } = decision;
  if (headers) exchange.changedHeaders = new Map([...(exchange.changedHeaders ?? []), ...headers]);
  if (response) throw new PluginAnswer(response);
}

function changed(head: AnswerHead, decision: CheckedResponseDecision | undefined): AnswerHead {
  if (!decision) return head;
  const { status, headers } = decision;
  return { status, lines: headers ? applyChanges(head.lines, headers) : head.lines };
}

/** @param lines names and values in turn */
function recordOf(lines: readonly string[]): PluginHeaders {
  // Without a prototype, so that `constructor` is a header like any other.
  const headers = Object.create(null) as Record<string, string | string[]>;
  for (let i = 0; i < lines.length; i += 2) {
    const name = (lines[i] ?? '').toLowerCase();
    const value = lines[i + 1] ?? '';
    const before = headers[name];
    // A list of cookies cannot be joined: their dates have commas.
    if (name === 'set-cookie') headers[name] = [before ?? [], value].flat();
    else headers[name] = before === undefined ? value : `${String(before)}, ${value}`;
  }
  return headers;
}
