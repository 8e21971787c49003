{{/*
Values that are valid one by one and contradict each other. Each template below prints one problem a line; the release
fails with all of them.
*/}}
{{- define "breakwater.checks" -}}
{{- $problems := list }}
{{- range tuple "config" "scaling" "disruption" "exposure" "secrets" "literals" }}
{{- $found := include (printf "breakwater.checks.%s" .) $ | splitList "\n" }}
{{- range $found }}{{ with trim . }}{{ $problems = append $problems . }}{{ end }}{{ end }}
{{- end }}
{{- if $problems }}{{ fail (printf "\n\n%s\n" (join "\n" $problems)) }}{{ end }}
{{- end }}

{{- define "breakwater.checks.config" -}}
{{- $config := .Values.config }}
{{- $areDurations := true }}
{{- range $key, $default := dict "delay" "5s" "drain" "20s" }}
{{- $written := dig "server" "shutdown" $key $default $config | toString }}
{{- if not (regexMatch "^(0|[0-9]{1,9}(ms|s|m|h))$" $written) }}
{{- $areDurations = false }}
config.server.shutdown.{{ $key }}: found {{ $written }}, expected a duration such as 250ms, 3s or 5m. It cannot be a variable, because the chart computes terminationGracePeriodSeconds from it.
{{- end }}
{{- end }}
{{- $grace := .Values.terminationGracePeriodSeconds }}
{{- if and $areDurations (not (kindIs "invalid" $grace)) }}
{{- $needed := include "breakwater.shutdownSeconds" . | int }}
{{- if lt (int $grace) $needed }}
terminationGracePeriodSeconds: {{ $grace }} is less than the {{ $needed }} seconds of config.server.shutdown (delay + drain): Kubernetes would kill pods that still answer requests. Raise it, or leave it out to have it computed.
{{- end }}
{{- end }}
{{- range $section, $default := dict "server" 8080 "management" 9090 }}
{{- $written := dig $section "port" $default $config | toString }}
{{- if or (not (regexMatch "^[1-9][0-9]{0,4}$" $written)) (gt (int $written) 65535) }}
config.{{ $section }}.port: found {{ $written }}, expected a port from 1 to 65535. It cannot be a variable, because the Service and the probes use it.
{{- end }}
{{- end }}
{{- $ports := list (include "breakwater.port" .) (include "breakwater.managementPort" .) }}
{{- if and (ne (first $ports) "0") (eq (first $ports) (last $ports)) }}
config.management.port: {{ last $ports }} is the port of config.server, too. Use two different ports.
{{- end }}
{{- range $section := tuple "server" "management" }}
{{- $host := dig $section "host" "0.0.0.0" $config | toString }}
{{- if regexMatch "^(127\\.|::1$|localhost$)" $host }}
config.{{ $section }}.host: {{ $host }} is reachable only from inside the pod, and requests of clients, Prometheus and the kubelet come from outside. Use 0.0.0.0 or "::".
{{- end }}
{{- end }}
{{- if and .Values.bundledRedis.enabled (or (dig "redis" "url" "" $config) (dig "redis" "cluster" "" $config) (dig "redis" "sentinel" "" $config)) }}
bundledRedis.enabled: config.redis names another Redis. Set one of the two.
{{- end }}
{{- if eq (dig "server" "workers" "" $config | toString) "auto" }}
config.server.workers: auto starts a worker for each CPU of the node, whatever the pod may use. Leave it out and run more pods, or set a number.
{{- end }}
{{- if eq (dig "server" "securityHeaders" "" $config | toString) "false" }}
config.server.securityHeaders: found false. Helm reads an unquoted off as false; write 'off' in quotes.
{{- end }}
{{- end }}

{{- define "breakwater.checks.scaling" -}}
{{- with .Values.autoscaling }}
{{- if .enabled }}
{{- if gt (int .minReplicas) (int .maxReplicas) }}
autoscaling.minReplicas: {{ .minReplicas }} is more than autoscaling.maxReplicas, which is {{ .maxReplicas }}.
{{- end }}
{{- if not (kindIs "invalid" $.Values.replicaCount) }}
replicaCount: it has no meaning while autoscaling.enabled is true, since every upgrade would undo what the autoscaler decided. Remove it and use autoscaling.minReplicas.
{{- end }}
{{- if not (or .targetCPUUtilizationPercentage .targetInFlight) }}
autoscaling.enabled: there is nothing to scale on. Set autoscaling.targetCPUUtilizationPercentage or autoscaling.targetInFlight.
{{- end }}
{{- if and .targetCPUUtilizationPercentage (not (dig "requests" "cpu" "" $.Values.resources)) }}
autoscaling.targetCPUUtilizationPercentage: it is a share of resources.requests.cpu, which is not set.
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* A budget that allows no eviction stops every drain of a node. */}}
{{- define "breakwater.checks.disruption" -}}
{{- with .Values.podDisruptionBudget }}
{{- $replicas := include "breakwater.leastReplicas" $ | int }}
{{- if and .enabled (gt $replicas 0) }}
{{- $hasLeast := not (kindIs "invalid" .minAvailable) }}
{{- $hasMost := not (kindIs "invalid" .maxUnavailable) }}
{{- if and $hasLeast $hasMost }}
podDisruptionBudget: minAvailable and maxUnavailable are both set, and Kubernetes accepts only one of them.
{{- end }}
{{- if and $hasMost (regexMatch "^0%?$" (toString .maxUnavailable)) }}
podDisruptionBudget.maxUnavailable: {{ .maxUnavailable }} blocks every eviction, and with it the upgrade of every node. Use at least 1.
{{- end }}
{{- if $hasLeast }}
{{- $least := toString .minAvailable }}
{{- $needed := int $least }}
{{- if hasSuffix "%" $least }}{{ $needed = div (add (mul (trimSuffix "%" $least | int) $replicas) 99) 100 | int }}{{ end }}
{{- if ge $needed $replicas }}
podDisruptionBudget.minAvailable: {{ $least }} of {{ $replicas }} {{ eq $replicas 1 | ternary "pod" "pods" }} blocks every eviction, and with it the upgrade of every node. Use fewer, or more pods ({{ ternary "autoscaling.minReplicas" "replicaCount" $.Values.autoscaling.enabled }}).
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "breakwater.checks.exposure" -}}
{{- if and .Values.serviceMonitor.enabled (not .Values.managementService.enabled) }}
serviceMonitor.enabled: Prometheus finds the pods through the management Service, and managementService.enabled is false.
{{- end }}
{{- if and .Values.serviceMonitor.enabled .Values.networkPolicy.enabled (not .Values.networkPolicy.managementFrom) }}
serviceMonitor.enabled: the NetworkPolicy keeps other namespaces from the management port. List the peers that reach it, Prometheus among them, in networkPolicy.managementFrom.
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}
ingress.hosts: it is empty while ingress.enabled is true. List at least one host.
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
httpRoute.parentRefs: it is empty while httpRoute.enabled is true. Name the Gateway that the route belongs to.
{{- end }}
{{- $name := include "breakwater.fullname" . }}
{{- if not (regexMatch "^[a-z][a-z0-9-]*$" $name) }}
fullnameOverride: the name of the release makes {{ $name }} of the Service, which Kubernetes does not accept. Set a name of lower-case letters, digits and dashes that begins with a letter.
{{- end }}
{{- if and (eq .Values.dnsPolicy "None") (not .Values.dnsConfig.nameservers) }}
dnsConfig.nameservers: it is empty while dnsPolicy is None, so that the pods would resolve no name. List at least one.
{{- end }}
{{- if and (eq .Values.service.type "ClusterIP") .Values.service.nodePort }}
service.nodePort: a Service of the type ClusterIP has none. Set service.type to NodePort or LoadBalancer.
{{- end }}
{{- if and (eq .Values.service.type "ClusterIP") .Values.service.externalTrafficPolicy }}
service.externalTrafficPolicy: a Service of the type ClusterIP has none. Set service.type to NodePort or LoadBalancer.
{{- end }}
{{- if and (ne .Values.service.type "LoadBalancer") .Values.service.loadBalancerSourceRanges }}
service.loadBalancerSourceRanges: only a Service of the type LoadBalancer has them. Set service.type, or limit the clients with networkPolicy.from.
{{- end }}
{{- end }}

{{/* Without the files, pods would wait for a file that nothing mounts. */}}
{{- define "breakwater.checks.secrets" -}}
{{- if and .Values.secrets.adminToken.name (not (dig "management" "token" "" .Values.config)) }}
secrets.adminToken.name: config.management.token is not set, so that nothing uses this token. Set it to ${ADMIN_TOKEN}, or leave the name empty.
{{- end }}
{{- range regexFindAll "\\$\\{file:/run/secrets/[^/}]+/" (toJson .Values.config) -1 | uniq }}
{{- $folder := trimPrefix "${file:" . | trimSuffix "/" }}
{{- $name := base $folder }}
{{- $isMounted := has $name $.Values.secrets.files }}
{{- range $.Values.extraVolumeMounts }}{{ if hasPrefix (trimSuffix "/" .mountPath) $folder }}{{ $isMounted = true }}{{ end }}{{ end }}
{{- if not $isMounted }}
secrets.files: config refers to {{ $folder }}, but the Secret {{ $name }} is not in the list.
{{- end }}
{{- end }}
{{- end }}

{{/* Everybody who may read ConfigMaps, which is often everybody, would read a secret that is written in the values. */}}
{{- define "breakwater.checks.literals" -}}
{{- $config := .Values.config }}
{{- $redis := $config.redis | default dict }}
{{- $owners := dict "management" $config.management "redis" $redis "redis.sentinel" $redis.sentinel "redis.tls" $redis.tls }}
{{- range $section, $more := dict "auth" "introspection" "upstreams" "tls" }}
{{- $entries := get $config $section }}
{{- range $id, $entry := kindIs "map" $entries | ternary $entries dict }}
{{- if kindIs "map" $entry }}
{{- $_ := set $owners (printf "%s.%s" $section $id) $entry }}
{{- $_ := set $owners (printf "%s.%s.%s" $section $id $more) (get $entry $more) }}
{{- end }}
{{- end }}
{{- end }}
{{- if regexMatch "\"rediss?://[^\"/@]*:[^\"/@${]+@" (toJson $redis) }}
config.redis: a password that is written in a URL ends up in a ConfigMap. Put it into a Secret, list that in secrets.env, and refer to it as ${VARIABLE}.
{{- end }}
{{- $tracing := kindIs "map" $config.tracing | ternary $config.tracing dict }}
{{- range $name, $value := kindIs "map" $tracing.headers | ternary $tracing.headers dict }}
{{- if and (regexMatch "(?i)auth|key|token|secret|password|cookie" $name) (not (contains "${" (toString $value))) }}
config.tracing.headers.{{ $name }}: a secret that is written here ends up in a ConfigMap. Put it into a Secret, list that in secrets.env or secrets.files, and refer to it as ${VARIABLE} or ${file:...}.
{{- end }}
{{- end }}
{{- range $path, $owner := $owners }}
{{- if kindIs "map" $owner }}
{{- range $key := tuple "token" "password" "secret" "clientSecret" "key" }}
{{- $value := get $owner $key | default "" | toString }}
{{- if and $value (not (contains "${" $value)) }}
config.{{ $path }}.{{ $key }}: a secret that is written here ends up in a ConfigMap. Put it into a Secret, list that in secrets.env or secrets.files, and refer to it as ${VARIABLE} or ${file:...}.
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
