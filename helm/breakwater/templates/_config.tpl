{{/* The configuration as the gateway reads it, with the address of the bundled Redis. */}}
{{- define "breakwater.config" -}}
{{- $config := deepCopy .Values.config }}
{{- if .Values.bundledRedis.enabled }}
{{- $url := printf "redis://%s-redis:6379" (include "breakwater.fullname" .) }}
{{- $config = set $config "redis" (merge (dict "url" $url) ($config.redis | default dict)) }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{/*
With `roll`, every configuration has a ConfigMap of its own: a change in place would reach the pods that run, too.
*/}}
{{- define "breakwater.configSuffix" -}}
{{- if eq .Values.configUpdate "roll" }}{{ include "breakwater.config" . | sha256sum | trunc 8 }}{{ end }}
{{- end }}

{{- define "breakwater.configName" -}}
{{ include "breakwater.fullname" . }}{{ with include "breakwater.configSuffix" . }}-{{ . }}{{ end }}
{{- end }}

{{/* A JSON array of the names of other ConfigMaps that pods of the release in the cluster read their configuration from. */}}
{{- define "breakwater.earlierConfigMaps" -}}
{{- $selector := include "breakwater.selectorLabels" (dict "root" . "component" "gateway") | fromYaml }}
{{- $names := list }}
{{- range (lookup "apps/v1" "ReplicaSet" .Release.Namespace "").items }}
{{- if and (gt (int .spec.replicas) 0) (deepEqual $selector (omit .spec.selector.matchLabels "pod-template-hash")) }}
{{- range .spec.template.spec.volumes }}
{{- if eq .name "config" }}{{ $names = append $names .configMap.name }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- without (uniq $names) (include "breakwater.configName" .) | toJson }}
{{- end }}

{{/* A checksum of the settings that the gateway does not load while it runs. */}}
{{- define "breakwater.fixedChecksum" -}}
{{- $config := include "breakwater.config" . | fromYaml }}
{{- $fixed := dict "redis" $config.redis }}
{{- range tuple "server" "management" }}
{{- $fixed = set $fixed . (pick (get $config . | default dict) "host" "port" "workers") }}
{{- end }}
{{- toJson $fixed | sha256sum }}
{{- end }}

{{- define "breakwater.port" -}}
{{- dig "server" "port" 8080 .Values.config | int }}
{{- end }}

{{- define "breakwater.managementPort" -}}
{{- dig "management" "port" 9090 .Values.config | int }}
{{- end }}

{{/* A duration such as 250ms, 3s or 5m in milliseconds. */}}
{{- define "breakwater.milliseconds" -}}
{{- $number := regexFind "^[0-9]+" . | default "0" | int64 }}
{{- $factors := dict "" 1 "ms" 1 "s" 1000 "m" 60000 "h" 3600000 }}
{{- mul $number (get $factors (regexFind "[a-z]+$" .)) }}
{{- end }}

{{/* Seconds that a shutdown takes at most, rounded up. */}}
{{- define "breakwater.shutdownSeconds" -}}
{{- $delay := dig "server" "shutdown" "delay" "5s" .Values.config | toString }}
{{- $drain := dig "server" "shutdown" "drain" "20s" .Values.config | toString }}
{{- $sum := add (include "breakwater.milliseconds" $delay) (include "breakwater.milliseconds" $drain) }}
{{- div (add $sum 999) 1000 }}
{{- end }}

{{/* Five more seconds for the start of the shutdown and for writing the last logs. */}}
{{- define "breakwater.gracePeriod" -}}
{{- kindIs "invalid" .Values.terminationGracePeriodSeconds | ternary (add (include "breakwater.shutdownSeconds" .) 5) .Values.terminationGracePeriodSeconds }}
{{- end }}

{{/* The smallest number of pods while nothing is wrong. */}}
{{- define "breakwater.leastReplicas" -}}
{{- if .Values.autoscaling.enabled }}{{ .Values.autoscaling.minReplicas }}{{ else }}{{ include "breakwater.replicas" . }}{{ end }}
{{- end }}

{{/* Zero is a number of pods that can be asked for, so `default` does not do. */}}
{{- define "breakwater.replicas" -}}
{{- kindIs "invalid" .Values.replicaCount | ternary 2 .Values.replicaCount }}
{{- end }}
