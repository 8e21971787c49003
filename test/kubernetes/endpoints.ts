import { onTestFinished } from 'vitest';
import { api, type KubernetesObject } from './api.js';

interface EndpointSlice extends KubernetesObject {
  readonly ports: readonly { readonly name: string; readonly port: number }[] | null;
  readonly endpoints:
    | readonly { readonly addresses: readonly string[]; readonly conditions: { readonly ready?: boolean } }[]
    | null;
}

/** Follows the ready endpoints of a service until the test ends, as a load balancer does. */
export class ReadyEndpoints {
  private readonly slices = new Map<string, readonly string[]>();
  private readonly end = new AbortController();
  private next = 0;

  /** @param port the name of the port */
  constructor(
    namespace: string,
    service: string,
    private readonly port: string,
  ) {
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
    const following = this.follow(`${path}?labelSelector=kubernetes.io/service-name=${service}`);
    onTestFinished(async () => {
      this.end.abort();
      await following.catch(() => {});
    });
  }

  /** Their origins, such as `http://10.90.0.7:8080`. */
  get origins(): readonly string[] {
    return [...this.slices.values()].flat();
  }

  /** @returns each one in turn, `undefined` if there is none */
  pick(): string | undefined {
    const { origins } = this;
    return origins[this.next++ % origins.length];
  }

  private async follow(path: string): Promise<void> {
    for await (const { type, object } of api.watch<EndpointSlice>(path, this.end.signal)) {
      if (type === 'DELETED') this.slices.delete(object.metadata.name);
      else this.slices.set(object.metadata.name, this.originsIn(object));
    }
  }

  private originsIn({ ports, endpoints }: EndpointSlice): readonly string[] {
    const port = ports?.find(({ name }) => name === this.port)?.port;
    return (endpoints ?? [])
      .filter(({ conditions }) => conditions.ready !== false)
      .flatMap(({ addresses }) => addresses.map((address) => `http://${address}:${port}`));
  }
}
