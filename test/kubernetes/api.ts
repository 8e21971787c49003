import { Agent, request } from 'undici';
import { API_SERVER, API_TOKEN } from './places.js';

/** The API server signs its own certificate, and nobody else can listen in the suite's network namespace. */
const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });

export interface KubernetesObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid?: string };
}

/** An answer of the API server that is not a success; `message` is the text of its Status object. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Change<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: T;
}

interface Options {
  readonly body?: string;
  readonly type?: string;
  readonly signal?: AbortSignal;
}

type Method = 'GET' | 'POST' | 'DELETE';

async function send(method: Method, path: string, { body, type = 'application/json', signal }: Options = {}) {
  const headers = { authorization: `Bearer ${API_TOKEN}`, 'content-type': type };
  const response = await request(API_SERVER + path, { dispatcher, method, headers, body, signal });
  if (response.statusCode < 300) return response.body;
  const text = await response.body.text();
  throw new ApiError(response.statusCode, messageIn(text));
}

/** @returns the body of a page of another part, whose certificate is its own too */
export async function get(url: string): Promise<string> {
  return (await request(url, { dispatcher })).body.text();
}

function messageIn(text: string): string {
  try {
    return (JSON.parse(text) as { message: string }).message;
  } catch {
    return text;
  }
}

/** Ends all connections, watches included. */
export const closeConnections = () => dispatcher.destroy();

export const api = {
  /** @returns the object or list at a path such as `/api/v1/namespaces/shop/pods` */
  async get<T>(path: string): Promise<T> {
    return (await (await send('GET', path)).json()) as T;
  },

  async text(path: string): Promise<string> {
    return (await send('GET', path)).text();
  },

  /** Creates an object from JSON or YAML. */
  async create(path: string, object: object | string): Promise<void> {
    const options =
      typeof object === 'string'
        ? { body: object, type: 'application/yaml' }
        : { body: JSON.stringify(object) };
    await (await send('POST', path, options)).dump();
  },

  async delete(path: string): Promise<void> {
    await (await send('DELETE', path)).dump();
  },

  /** Yields each object of a list and then each change of it, until the signal ends it with an error. */
  async *watch<T>(path: string, signal?: AbortSignal): AsyncGenerator<Change<T>> {
    // Without a version, the API server would wait for a message that Debian's etcd does not send.
    const query = `${path.includes('?') ? '&' : '?'}watch=1&resourceVersion=0`;
    const body = await send('GET', path + query, { signal });
    let rest = '';
    for await (const chunk of body.setEncoding('utf8')) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line) as Change<T>;
    }
  },
};
