import { expect, it } from 'vitest';
import { CHART, describeWithHelm, helm, refusal } from './helm.js';

/** Values as `--set` has them, and what the message names. */
const REFUSED: readonly (readonly [values: string, reason: string])[] = [
  // Unknown keys and wrong types, which the schema refuses.
  ['replicaCont=3', "additional properties 'replicaCont' not allowed"],
  ['image.tags=1', "at '/image': additional properties 'tags' not allowed"],
  ['secrets.adminToken.secret=x', "at '/secrets/adminToken': additional properties 'secret' not allowed"],
  ['probes.readiness.period=1', "at '/probes/readiness': additional properties 'period' not allowed"],
  ['ingress.hosts[0].name=x', "at '/ingress/hosts/0'"],
  ['replicaCount=two', "at '/replicaCount': got string"],
  [
    'service.type=ExternalName',
    "at '/service/type': value must be one of 'ClusterIP', 'NodePort', 'LoadBalancer'",
  ],
  ['configUpdate=restart', "at '/configUpdate': value must be one of 'roll', 'reload'"],
  ['podAnnotations.a=1', "at '/podAnnotations/a': got number, want string"],
  ['image.digest=abc', "at '/image/digest'"],
  ['podDisruptionBudget.minAvailable=half', "at '/podDisruptionBudget/minAvailable'"],
  ['serviceMonitor.scrapeTimeout=20s', "additional properties 'scrapeTimeout' not allowed"],
  ['extraVolumeMounts[0].name=x', "at '/extraVolumeMounts/0': missing property 'mountPath'"],
  ['commonLabels.team=our team', "at '/commonLabels/team': 'our team' does not match pattern"],
  ['dnsPolicy=Nobody', "at '/dnsPolicy': value must be one of"],
  ['dnsConfig.nameserver=x', "at '/dnsConfig': additional properties 'nameserver' not allowed"],
  ['hostAliases[0].ip=10.0.0.7', "at '/hostAliases/0': missing property 'hostnames'"],
  ['nameOverride=Edge', "at '/nameOverride': 'Edge' does not match pattern"],
  ['fullnameOverride=edge.gateway', "at '/fullnameOverride': 'edge.gateway' does not match pattern"],
  ['serviceAccount.name=edge_gateway', "at '/serviceAccount/name': 'edge_gateway' does not match pattern"],
  // Empty keys, which helm removes together with their defaults.
  ...['config', 'image', 'secrets', 'service', 'autoscaling', 'podLabels'].map(
    (key) => [`${key}=null`, `at '': missing property '${key}'`] as const,
  ),
  ['probes.startup=null', "at '/probes': missing property 'startup'"],
  ['secrets.adminToken=null', "at '/secrets': missing property 'adminToken'"],
  ['service.type=null', "at '/service': missing property 'type'"],
  // Values in places where the templates read keys of the gateway's configuration.
  ['config.server=8080', "at '/config/server': got number, want object"],
  ['config.server.shutdown=5s', "at '/config/server/shutdown': got string, want object"],
  ['config.management=on', "at '/config/management': got string, want object"],
  ['config.redis=redis://r', "at '/config/redis': got string, want object"],
  // Contradictions, each with its reason.
  [
    'terminationGracePeriodSeconds=29',
    'terminationGracePeriodSeconds: 29 is less than the 30 seconds of config.server.shutdown (delay + drain)',
  ],
  [
    'terminationGracePeriodSeconds=60,config.server.shutdown.drain=51s',
    'terminationGracePeriodSeconds: 60 is less than the 61 seconds',
  ],
  ['config.server.shutdown.delay=3000', 'config.server.shutdown.delay: found 3000, expected a duration'],
  [
    'config.server.shutdown.drain=${DRAIN}',
    'config.server.shutdown.drain: found ${DRAIN}, expected a duration',
  ],
  ['config.server.port=${PORT}', 'config.server.port: found ${PORT}, expected a port from 1 to 65535'],
  ['config.management.port=0', 'config.management.port: found 0, expected a port from 1 to 65535'],
  ['config.server.port=65536', 'config.server.port: found 65536, expected a port from 1 to 65535'],
  ['config.management.port=8080', 'config.management.port: 8080 is the port of config.server, too'],
  ['config.server.port=9090', 'config.management.port: 9090 is the port of config.server, too'],
  [
    'config.management.host=127.0.0.1',
    'config.management.host: 127.0.0.1 is reachable only from inside the pod',
  ],
  ['config.server.host=localhost', 'config.server.host: localhost is reachable only from inside the pod'],
  ['config.server.host=::1', 'config.server.host: ::1 is reachable only from inside the pod'],
  ['config.server.workers=auto', 'config.server.workers: auto starts a worker for each CPU of the node'],
  [
    'config.server.securityHeaders=false',
    'config.server.securityHeaders: found false. Helm reads an unquoted off as',
  ],
  [
    'bundledRedis.enabled=true,config.redis.url=redis://r',
    'bundledRedis.enabled: config.redis names another Redis',
  ],
  [
    'autoscaling.enabled=true,autoscaling.minReplicas=11',
    'autoscaling.minReplicas: 11 is more than autoscaling.maxReplicas, which is 10',
  ],
  [
    'autoscaling.enabled=true,replicaCount=3',
    'replicaCount: it has no meaning while autoscaling.enabled is true',
  ],
  [
    'autoscaling.enabled=true,autoscaling.targetCPUUtilizationPercentage=null',
    'autoscaling.enabled: there is nothing to scale on',
  ],
  [
    'autoscaling.enabled=true,resources.requests=null',
    'autoscaling.targetCPUUtilizationPercentage: it is a share of resources.requests.cpu, which is not set',
  ],
  [
    'podDisruptionBudget.minAvailable=2',
    'podDisruptionBudget.minAvailable: 2 of 2 pods blocks every eviction',
  ],
  [
    'podDisruptionBudget.minAvailable=51%',
    'podDisruptionBudget.minAvailable: 51% of 2 pods blocks every eviction',
  ],
  [
    'podDisruptionBudget.minAvailable=1,replicaCount=1',
    'podDisruptionBudget.minAvailable: 1 of 1 pod blocks every eviction, and with it the upgrade of every node. Use fewer, or more pods (replicaCount)',
  ],
  [
    'podDisruptionBudget.minAvailable=4,autoscaling.enabled=true,autoscaling.minReplicas=4',
    'or more pods (autoscaling.minReplicas)',
  ],
  ['podDisruptionBudget.maxUnavailable=0', 'podDisruptionBudget.maxUnavailable: 0 blocks every eviction'],
  ['podDisruptionBudget.maxUnavailable=0%', 'podDisruptionBudget.maxUnavailable: 0% blocks every eviction'],
  [
    'podDisruptionBudget.maxUnavailable=1,podDisruptionBudget.minAvailable=1',
    'minAvailable and maxUnavailable are both set',
  ],
  [
    'serviceMonitor.enabled=true,managementService.enabled=false',
    'serviceMonitor.enabled: Prometheus finds the pods through the management Service',
  ],
  [
    'serviceMonitor.enabled=true',
    'serviceMonitor.enabled: the NetworkPolicy keeps other namespaces from the management port',
  ],
  ['ingress.enabled=true', 'ingress.hosts: it is empty while ingress.enabled is true'],
  ['httpRoute.enabled=true', 'httpRoute.parentRefs: it is empty while httpRoute.enabled is true'],
  ['dnsPolicy=None', 'dnsConfig.nameservers: it is empty while dnsPolicy is None'],
  ['service.nodePort=30000', 'service.nodePort: a Service of the type ClusterIP has none'],
  [
    'service.externalTrafficPolicy=Local',
    'service.externalTrafficPolicy: a Service of the type ClusterIP has none',
  ],
  [
    'service.loadBalancerSourceRanges[0]=10.0.0.0/8',
    'service.loadBalancerSourceRanges: only a Service of the type LoadBalancer has them',
  ],
  [
    'secrets.adminToken.name=x,config.management.token=null',
    'secrets.adminToken.name: config.management.token is not set, so that nothing uses this token',
  ],
  ...[
    'management.token',
    'redis.password',
    'redis.sentinel.password',
    'redis.tls.key',
    'auth.main.secret',
    'auth.main.introspection.clientSecret',
    'upstreams.users.tls.key',
    'tracing.headers.Authorization',
    'tracing.headers.x-api-key',
  ].map(
    (path) =>
      [`config.${path}=hunter2`, `config.${path}: a secret that is written here ends up in a`] as const,
  ),
  ['config.redis.url=rediss://me:hunter2@redis', 'config.redis: a password that is written in a URL'],
  [
    'config.redis.cluster[0]=redis://a,config.redis.cluster[1]=redis://:hunter2@b',
    'config.redis: a password that is written in a URL',
  ],
  [
    'config.auth.main.publicKey=${file:/run/secrets/idp/key.pem}',
    'secrets.files: config refers to /run/secrets/idp, but the Secret idp is not in the list',
  ],
];

describeWithHelm('the chart refuses', () => {
  it.each(REFUSED)('%s', async (values, reason) => {
    expect(await refusal('--set', values)).toContain(reason);
  });

  it.each(['2nd', 'edge.eu'])('the release name %s, which no Service can have', async (release) => {
    const rendering = helm('template', release, CHART, '--kube-version', '1.36.0');
    await expect(rendering).rejects.toThrow(
      `fullnameOverride: the name of the release makes ${release}-breakwater`,
    );
  });

  it('several mistakes with one message each', async () => {
    const message = await refusal(
      '--set',
      'ingress.enabled=true,service.nodePort=30000,config.server.port=0',
    );
    expect(message).toMatch(/\nconfig\.server\.port: .*\ningress\.hosts: .*\nservice\.nodePort: .*\n/);
  });
});
