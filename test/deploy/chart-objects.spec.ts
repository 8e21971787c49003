import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { CHART, describeWithHelm, helm, type Rendered, render } from './helm.js';
import { SETS, valueSet } from './value-sets.js';

// oxlint-disable-next-line typescript/no-explicit-any -- parts of objects of many kinds
type Part = any;

/** Specs of all pods: of the gateway, of the bundled Redis and of `helm test`. */
function pods({ objects }: Rendered): Part[] {
  const specs = objects.map(({ kind, spec }) => (kind === 'Pod' ? spec : spec?.template?.spec));
  return specs.filter((spec) => spec?.containers);
}

describeWithHelm.each(SETS)('the chart with the values %s', (set) => {
  it('satisfies the Pod Security profile `restricted`', async () => {
    for (const { securityContext, volumes = [], ...pod } of pods(await valueSet(set))) {
      expect(securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect([pod.hostNetwork, pod.hostPID, pod.hostIPC]).toEqual([undefined, undefined, undefined]);
      for (const { securityContext: own, ports = [] } of [...(pod.initContainers ?? []), ...pod.containers]) {
        expect(own).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } });
        for (const port of ports) expect(port).not.toHaveProperty('hostPort');
      }
      const kinds = volumes.flatMap((volume: object) => Object.keys(volume));
      expect(['name', 'configMap', 'secret', 'emptyDir']).toEqual(expect.arrayContaining(kinds));
    }
  });

  it('runs its containers with a read-only root file system and limited memory', async () => {
    for (const { containers } of pods(await valueSet(set))) {
      expect(containers[0].securityContext.readOnlyRootFilesystem).toBe(true);
      expect(containers[0].resources.limits.memory).toMatch(/Mi|Gi/);
    }
  });

  it('mounts no token of a ServiceAccount and takes no variables of Services', async () => {
    const rendered = await valueSet(set);
    const closed = { automountServiceAccountToken: false, enableServiceLinks: false };
    for (const pod of pods(rendered)) expect(pod).toMatchObject(closed);
    for (const account of rendered.objects.filter(({ kind }) => kind === 'ServiceAccount')) {
      expect(account).toMatchObject({ automountServiceAccountToken: false });
    }
  });

  it('replaces a pod only when its successor is ready', async () => {
    expect((await valueSet(set)).get('Deployment')['spec'].strategy).toEqual({
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' },
    });
  });

  it('probes liveness and readiness on the management port', async () => {
    const { container } = (await valueSet(set)).gateway;
    const probe = (path: string) => ({ httpGet: { path, port: 'management' } });
    expect(container.startupProbe).toMatchObject(probe('/health/live'));
    expect(container.livenessProbe).toMatchObject(probe('/health/live'));
    expect(container.readinessProbe).toMatchObject(probe('/health/ready'));
  });

  it('sends Services to ports of the pods that they select, and to no other pods', async () => {
    const { objects } = await valueSet(set);
    const templates = objects.flatMap((object): Part[] =>
      object.kind === 'Pod' ? [object] : (object['spec']?.template ?? []),
    );
    for (const { spec } of objects.filter(({ kind }) => kind === 'Service')) {
      const selected = templates.filter(({ metadata }) => isSelected(metadata.labels, spec.selector));
      expect(selected).toHaveLength(1);
      const names = selected[0].spec.containers[0].ports.map((port: Part) => port.name);
      expect(names).toContain(spec.ports[0].targetPort);
    }
  });

  it('mounts the configuration as a folder, which the kubelet updates', async () => {
    const { gateway, configMap } = await valueSet(set);
    const mount = { name: 'config', mountPath: '/etc/breakwater', readOnly: true };
    expect(gateway.container.volumeMounts[0]).toEqual(mount);
    expect(gateway.pod.volumes[0]).toEqual({ name: 'config', configMap: { name: configMap.metadata.name } });
    const variable = { name: 'GATEWAY_CONFIG', value: '/etc/breakwater/gateway.yaml' };
    expect(gateway.container.env[0]).toEqual(variable);
  });

  it('gives each object a name of its own within 63 characters, and the labels that identify it', async () => {
    const { objects } = await valueSet(set);
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
    for (const { metadata } of objects) {
      expect(metadata.name.length).toBeLessThanOrEqual(63);
      expect(metadata['labels']).toMatchObject({
        'app.kubernetes.io/instance': 'test',
        'app.kubernetes.io/managed-by': 'Helm',
      });
    }
  });
});

function isSelected(labels: Record<string, string>, selector: Record<string, string>): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}

describeWithHelm('a pod', () => {
  it.each([
    ['defaults', 35],
    // 45 s + 1 min + 5 s.
    ['load-balancer', 110],
    ['one-pod', 90],
  ])('of the set %s has %i seconds to end', async (name, seconds) => {
    expect((await valueSet(name)).gateway.pod.terminationGracePeriodSeconds).toBe(seconds);
  });

  it.each([
    ['250ms', '0', 6],
    ['1500ms', '500ms', 7],
    ['2m', '1h', 3725],
  ])('with a delay of %s and a drain of %s has %3$i seconds to end', async (delay, drain, seconds) => {
    const values = `config.server.shutdown.delay=${delay},config.server.shutdown.drain=${drain}`;
    expect((await render('--set', values)).gateway.pod.terminationGracePeriodSeconds).toBe(seconds);
  });

  it('of another configuration has another ConfigMap, which never changes', async () => {
    const before = await render();
    expect(before.configMap).toMatchObject({ immutable: true });
    expect(before.configMap.metadata.name).toMatch(/^test-breakwater-[0-9a-f]{8}$/);
    const name = async (values: string) => (await render('--set', values)).configMap.metadata.name;
    expect(await name('config.cache.ttl=1m')).not.toBe(before.configMap.metadata.name);
    expect(await name('bundledRedis.enabled=true')).not.toBe(before.configMap.metadata.name);
  });

  const template = async (...values: string[]) =>
    (await render(...values.flatMap((value) => ['--set', value]))).get('Deployment').spec.template;

  it('is replaced when the configuration changes, and only then', async () => {
    const before = await template();
    expect(await template('config.cache.ttl=1m')).not.toEqual(before);
    expect(await template('service.port=81,dashboard.enabled=true')).toEqual(before);
  });

  it('stays when the configuration changes and it loads the file itself', async () => {
    const { configMap, fullName } = await render('--set', 'configUpdate=reload');
    expect(configMap.metadata.name).toBe(fullName);
    expect(configMap).not.toHaveProperty('immutable');
    const before = await template('configUpdate=reload');
    expect(await template('configUpdate=reload', 'config.cache.ttl=1m')).toEqual(before);
    expect(await template('configUpdate=reload', 'config.server.trustProxy[0]=10.0.0.0/8')).toEqual(before);
  });

  it.each([
    'config.redis.keyPrefix=a',
    'bundledRedis.enabled=true',
    'config.server.host=::',
    'config.server.workers=2',
    'config.management.host=::',
  ])('that loads the file itself is replaced for %s, which needs a new process', async (value) => {
    expect(await template('configUpdate=reload', value)).not.toEqual(await template('configUpdate=reload'));
  });

  it('gets the variables and files of Secrets by reference', async () => {
    const { pod, container } = (await valueSet('secrets')).gateway;
    expect(container.envFrom).toEqual([
      { secretRef: { name: 'gateway-env' } },
      { secretRef: { name: 'partner.keys' } },
    ]);
    expect(container.env).toContainEqual({
      name: 'ADMIN_TOKEN',
      valueFrom: { secretKeyRef: { name: 'gateway-admin', key: 'token' } },
    });
    expect(container.volumeMounts).toContainEqual({
      name: 'secret-0',
      mountPath: '/run/secrets/api.tls',
      readOnly: true,
    });
    expect(pod.volumes).toContainEqual({
      name: 'secret-0',
      secret: { secretName: 'api.tls', defaultMode: 0o440 },
    });
  });

  it('has a volume of its own for each Secret, also for similar and long names', async () => {
    const names = ['a.b', 'a-b', 'a'.repeat(63)];
    const { volumes } = (await render('--set', `secrets.files={${names.join()}}`)).gateway.pod;
    expect(volumes.slice(1).map(({ secret }: Part) => secret.secretName)).toEqual(names);
    expect(new Set(volumes.map(({ name }: Part) => name)).size).toBe(4);
    for (const { name } of volumes) expect(name.length).toBeLessThanOrEqual(63);
  });

  it('takes names that YAML would read as something else', async () => {
    const names = 'priorityClassName=1e3,secrets.env={123},nameOverride=off,ingress.hosts[0].host=x';
    const path = 'ingress.hosts[0].paths[0].path=/a: b,ingress.hosts[0].paths[0].pathType=Exact';
    const rendered = await render('--set-string', `${names},${path}`, '--set', 'ingress.enabled=true');
    const { pod, container } = rendered.gateway;
    expect(pod.priorityClassName).toBe('1e3');
    expect(container.envFrom[0].secretRef.name).toBe('123');
    expect(rendered.get('Deployment').metadata['labels']).toMatchObject({ 'app.kubernetes.io/name': 'off' });
    expect(rendered.get('Ingress').spec.rules[0].http.paths[0].path).toBe('/a: b');
  });

  it.each([
    ['1', undefined],
    ['2', '--max-old-space-size-percentage=25'],
    ['64', '--max-old-space-size-percentage=1'],
    ['${WORKERS:-1}', undefined],
  ])('with %s workers has the Node options %s', async (workers, options) => {
    const { variables } = (await render('--set', `config.server.workers=${workers}`)).gateway;
    expect(variables['NODE_OPTIONS']).toBe(options);
  });

  it('has the containers and the name resolution of the values', async () => {
    const { pod } = (await valueSet('sidecar')).gateway;
    expect(pod.initContainers.map(({ name }: Part) => name)).toEqual(['proxy']);
    expect(pod.containers.map(({ name }: Part) => name)).toEqual(['gateway', 'log-shipper']);
    expect(pod).toMatchObject({
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['10.0.0.53'], options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] },
      hostAliases: [{ ip: '10.0.0.7', hostnames: ['users', 'users.example.com'] }],
    });
  });

  it('listens on the ports of the configuration', async () => {
    const { container } = (await valueSet('load-balancer')).gateway;
    expect(container.ports).toEqual([
      { name: 'http', containerPort: 8443 },
      { name: 'management', containerPort: 9191 },
    ]);
  });

  it('lets OpenShift choose its user', async () => {
    const { securityContext } = (await valueSet('openshift')).gateway.pod;
    expect(securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  });
});

describeWithHelm('the objects around the pods', () => {
  it('leave the number of pods to the autoscaler', async () => {
    const rendered = await valueSet('autoscaling');
    expect(rendered.get('Deployment').spec).not.toHaveProperty('replicas');
    const { spec } = rendered.get('HorizontalPodAutoscaler');
    expect(spec).toMatchObject({ minReplicas: 3, maxReplicas: 20 });
    expect(spec.metrics.map(({ type }: Part) => type)).toEqual(['ContainerResource', 'Pods']);
    expect((await valueSet('defaults')).get('Deployment').spec.replicas).toBe(2);
  });

  it('let one pod at a time be evicted unless the values say otherwise', async () => {
    const budget = async (name: string) => (await valueSet(name)).get('PodDisruptionBudget').spec;
    expect(await budget('defaults')).toMatchObject({
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    });
    const zones = await budget('multi-zone');
    expect([zones.minAvailable, zones.maxUnavailable]).toEqual(['60%', undefined]);
  });

  it('open the traffic port to everybody and the management port to the namespace', async () => {
    const { spec } = (await valueSet('defaults')).get('NetworkPolicy');
    expect(spec.policyTypes).toEqual(['Ingress']);
    expect(spec.ingress).toEqual([
      { ports: [{ port: 'http' }] },
      { ports: [{ port: 'management' }], from: [{ podSelector: {} }] },
    ]);
  });

  it('let the listed peers and the pod of `helm test` reach the ports', async () => {
    const rendered = await valueSet('network-policy');
    const [traffic, management] = rendered.get('NetworkPolicy').spec.ingress;
    const { labels } = rendered.get('Pod', '-test').metadata as Part;
    expect(traffic.from[0]).toHaveProperty('namespaceSelector');
    expect(management.from[0]).toEqual({ podSelector: { matchLabels: { app: 'prometheus' } } });
    for (const { from } of [traffic, management]) {
      expect(from).toHaveLength(2);
      expect(isSelected(labels, from[1].podSelector.matchLabels)).toBe(true);
      expect(
        isSelected(rendered.get('Deployment').spec.template.metadata.labels, from[1].podSelector.matchLabels),
      ).toBe(false);
    }
  });

  it('let only the gateway reach the bundled Redis, which lets the gateway reach it in turn', async () => {
    const rendered = await valueSet('network-policy');
    const gateway = rendered.get('Deployment').spec.selector;
    const redis = rendered.get('Deployment', '-redis').spec.selector;
    expect(rendered.get('NetworkPolicy', '-redis').spec.ingress).toEqual([
      { ports: [{ port: 'redis' }], from: [{ podSelector: gateway }] },
    ]);
    const { policyTypes, egress } = rendered.get('NetworkPolicy').spec;
    expect(policyTypes).toEqual(['Ingress', 'Egress']);
    expect(egress).toContainEqual({ ports: [{ port: 6379 }], to: [{ podSelector: redis }] });
    expect(egress).toContainEqual({
      ports: [
        { port: 53, protocol: 'UDP' },
        { port: 53, protocol: 'TCP' },
      ],
    });
  });

  it('run the pods of `helm test` and of the bundled Redis on the nodes of the gateway', async () => {
    const all = pods(await valueSet('multi-zone'));
    expect(all).toHaveLength(3);
    const tolerations = [{ key: 'edge', operator: 'Exists', effect: 'NoSchedule' }];
    for (const pod of all) expect(pod).toMatchObject({ nodeSelector: { pool: 'edge' }, tolerations });
  });

  it('name the protocol of the traffic port unless a load balancer of a cloud would read it', async () => {
    const protocol = async (name: string) => (await valueSet(name)).get('Service').spec.ports[0].appProtocol;
    expect(await protocol('defaults')).toBe('http');
    expect(await protocol('load-balancer')).toBeUndefined();
  });

  it('send Ingress and HTTPRoute to the traffic port', async () => {
    const ingress = await valueSet('ingress');
    const service = { name: ingress.fullName, port: { name: 'http' } };
    expect(ingress.get('Ingress').spec.rules).toEqual([
      { host: 'api.example.com', http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service } }] } },
      { host: '*.example.org', http: { paths: [{ path: '/v1', pathType: 'Exact', backend: { service } }] } },
    ]);
    const route = (await valueSet('gateway-api')).get('HTTPRoute').spec;
    expect(route.rules[0].backendRefs).toEqual([{ name: ingress.fullName, port: 80 }]);
  });

  it('let Prometheus scrape the management Service, and only that', async () => {
    const rendered = await valueSet('monitoring');
    const { selector, endpoints } = rendered.get('ServiceMonitor').spec;
    const matches = rendered.objects.filter(
      ({ kind, metadata }) =>
        kind === 'Service' && isSelected((metadata as Part).labels, selector.matchLabels),
    );
    expect(matches.map(({ metadata }) => metadata.name)).toEqual([`${rendered.fullName}-management`]);
    // Without a scrapeTimeout, Prometheus uses its own, or the interval where that is shorter.
    expect(endpoints).toEqual([{ port: 'management', path: '/metrics', interval: '30s' }]);
  });

  it('carry the alerts and the dashboard of the files unchanged', async () => {
    const rendered = await valueSet('monitoring');
    const file = (name: string) => readFile(join(CHART, 'files', name), 'utf8');
    expect(rendered.get('PrometheusRule').spec).toEqual(parse(await file('alerts.yaml')));
    const dashboard = rendered.get('ConfigMap', '-dashboard');
    expect(JSON.parse(dashboard.data['breakwater.json'])).toEqual(JSON.parse(await file('dashboard.json')));
    expect(dashboard.metadata['labels']).toMatchObject({ grafana_dashboard: '1' });
  });

  it('carry the labels and annotations of the values, which replace common ones', async () => {
    const { objects } = await valueSet('metadata');
    const pods = objects.find(({ kind }) => kind === 'Deployment')?.['spec'].template.metadata;
    const found = [...objects.map(({ kind, metadata }) => [kind, metadata]), ['Pods', pods]] as [
      string,
      Part,
    ][];
    const marks = found.map(([kind, { name = '', labels, annotations }]) => {
      const suffix = /management$|dashboard$/.exec(name)?.[0];
      expect(labels).toMatchObject({ team: 'edge', of: suffix ?? kind });
      expect(annotations).toMatchObject({ 'example.com/owner': 'edge', 'example.com/of': suffix ?? kind });
      return labels.of;
    });
    expect(new Set(marks).size).toBe(15);
  });

  it('carry the common labels and annotations, and the pods do so too', async () => {
    const { objects } = await valueSet('names');
    for (const { metadata, spec } of objects) {
      for (const { labels, annotations } of [metadata, spec?.template?.metadata ?? metadata] as Part[]) {
        expect(labels).toMatchObject({ team: 'edge' });
        expect(annotations).toMatchObject({ 'example.com/owner': 'edge' });
      }
    }
  });
});

/** The notes are printed only by an installation, which needs a cluster, so they are rendered as an object here. */
async function notes(...args: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'breakwater-chart-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp(CHART, folder, { recursive: true });
  const text = await readFile(join(folder, 'templates/NOTES.txt'), 'utf8');
  const template = `{{ define "notes" }}${text}{{ end }}\nnotes: |\n  {{- include "notes" . | nindent 2 }}\n`;
  await writeFile(join(folder, 'templates/notes.yaml'), template);
  await rename(join(folder, 'templates/NOTES.txt'), join(folder, 'NOTES.txt'));
  const show = ['--show-only', 'templates/notes.yaml', '--kube-version', '1.36.0'];
  const { stdout } = await helm('template', 'test', folder, '--namespace', 'edge', ...show, ...args);
  return parse(stdout).notes;
}

describeWithHelm('the notes of an installation', () => {
  it('say how to reach the gateway', async () => {
    expect(await notes()).toContain('kubectl -n edge port-forward service/test-breakwater 8080:80');
    const ingress = 'ingress.enabled=true,ingress.hosts[0].host=api.example.com';
    expect(await notes('--set', `${ingress},ingress.tls[0].secretName=x`)).toContain(
      'https://api.example.com/',
    );
    expect(await notes('--set-json', 'ingress={"enabled":true,"hosts":[{"host":""}]}')).toContain(
      'http://ADDRESS-OF-THE-INGRESS-CONTROLLER/',
    );
    expect(await notes('--set', 'service.type=LoadBalancer')).toContain(
      'get service test-breakwater -o wide',
    );
  });

  it('name what is missing', async () => {
    const bare = await notes();
    expect(bare).toContain('secrets.adminToken.name');
    expect(bare).toContain('has no routes yet');
    const complete = await notes('--set', 'secrets.adminToken.name=x,config.routes[0].id=a');
    expect(complete).not.toMatch(/secrets\.adminToken|no routes/);
  });
});
