import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { parseJson } from '../../common/parse-json.js';
import type { RedisConnection } from '../redis/redis.connection.js';
import type { Vote } from './quorum.js';
import { END_LEASE, EXCHANGE, LEAVE, TAKE_LEASE } from './scripts.js';

export const CHANNEL = 'replicas';
/** In a cluster, keys with the same braces are on one node, as a script requires. */
const KEYS = ['{replicas}:live', '{replicas}:votes'] as const;
/** Milliseconds after its last sign of life in which a replica counts as alive. */
export const LIFE = 5_000;

/** What the replicas know of each other. */
export interface Exchange {
  /** How many replicas are alive, this one included. */
  readonly live: number;
  /** The votes of the others, by upstream. */
  readonly votes: ReadonlyMap<string, readonly Vote[]>;
}

/** What Redis keeps of a replica: the time of its clock, and by upstream the age and the open time then. */
const votesSchema = z.tuple([z.number(), z.array(z.tuple([z.string(), z.number(), z.number()]))]);

const exchangeSchema = z.tuple([z.int().min(1), z.coerce.number(), z.array(z.string())]);
const remainingSchema = z.int();

const messageSchema = z.discriminatedUnion('kind', [
  /** A replica has other votes. */
  z.object({ kind: z.literal('votes'), from: z.string() }),
  /** A replica has the lease for a trial, for so many milliseconds. */
  z.object({ kind: z.literal('lease'), from: z.string(), upstream: z.string(), ms: z.int().min(1) }),
  /** The trial of a half-open breaker is over. */
  z.object({ kind: z.literal('trial'), from: z.string(), upstream: z.string(), passed: z.boolean() }),
]);
export type ReplicaMessage = z.output<typeof messageSchema>;

/** @returns `undefined` for a message of another form: other versions and other tools may publish, too */
export function parseMessage(message: string): ReplicaMessage | undefined {
  return messageSchema.safeParse(parseJson(message)).data;
}

/** What replicas share in Redis. Nothing here throws or waits beyond `commandTimeout`; `undefined` is no answer. */
export class ReplicaStore {
  /** The id of this replica. */
  readonly id = randomUUID();
  private leases = 0;

  constructor(private readonly redis: RedisConnection) {}

  /**
   * Tells that this replica is alive, and its votes.
   *
   * @param isNews whether the others are told to look at once
   */
  async exchange(votes: ReadonlyMap<string, Vote>, isNews: boolean): Promise<Exchange | undefined> {
    const written = Array.from(votes, ([id, { age, openFor }]) => [id, Math.round(age), Math.round(openFor)]);
    const text = written.length > 0 ? JSON.stringify(written) : '';
    const message = isNews ? this.message({ kind: 'votes', from: this.id }) : '';
    const answer = await this.eval(EXCHANGE, KEYS, this.id, LIFE, text, this.channel, message);
    const { data } = exchangeSchema.safeParse(answer);
    if (!data) return undefined;
    const [live, now, texts] = data;
    return { live, votes: votesOf(texts, now) };
  }

  /** The others do not count this replica any more. */
  async leave(): Promise<void> {
    await this.eval(LEAVE, KEYS, this.id);
  }

  newToken(): string {
    return `${this.id}:${++this.leases}`;
  }

  /**
   * Takes the lease of the trial of an upstream, or sets for how long this replica keeps it.
   *
   * @param isNews whether the others are told
   * @returns 0, or for how many milliseconds another replica has it
   */
  async take(upstream: string, token: string, ms: number, isNews = false): Promise<number | undefined> {
    const whole = Math.ceil(ms);
    const message = isNews ? this.message({ kind: 'lease', from: this.id, upstream, ms: whole }) : '';
    const answer = await this.eval(TAKE_LEASE, [leaseOf(upstream)], token, whole, this.channel, message);
    return remainingSchema.safeParse(answer).data;
  }

  /** @returns for how many milliseconds a replica has the lease; 0 when none has it */
  async remaining(upstream: string): Promise<number | undefined> {
    const answer = await this.redis.run((client) => client.pttl(leaseOf(upstream)));
    return answer === undefined ? undefined : Math.max(0, answer);
  }

  /**
   * Gives the lease up, and publishes the result of the trial unless another replica has the lease by now.
   *
   * @param passed `undefined` when there is no result
   */
  async end(upstream: string, token: string, passed?: boolean): Promise<void> {
    const message =
      passed === undefined ? '' : this.message({ kind: 'trial', from: this.id, upstream, passed });
    await this.eval(END_LEASE, [leaseOf(upstream)], token, this.channel, message);
  }

  private get channel(): string {
    return this.redis.channel(CHANNEL);
  }

  private message(message: ReplicaMessage): string {
    return JSON.stringify(message);
  }

  private eval(
    script: string,
    keys: readonly string[],
    ...args: readonly (string | number)[]
  ): Promise<unknown> {
    return this.redis.run((client) => client.eval(script, keys.length, ...keys, ...args));
  }
}

function leaseOf(upstream: string): string {
  return `trial:${upstream}`;
}

/** @param now milliseconds of the clock of Redis */
function votesOf(texts: readonly string[], now: number): ReadonlyMap<string, readonly Vote[]> {
  const votes = new Map<string, Vote[]>();
  for (const text of texts) {
    const { data } = votesSchema.safeParse(parseJson(text));
    // Another version, or another tool, wrote it.
    if (!data) continue;
    const [at, written] = data;
    const passed = now - at;
    for (const [upstream, age, openFor] of written) {
      const vote = { age: age + passed, openFor: openFor - passed };
      if (vote.openFor <= 0) continue;
      const known = votes.get(upstream);
      if (known) known.push(vote);
      else votes.set(upstream, [vote]);
    }
  }
  return votes;
}
