{{/* Whom a service may call and who may call it, and nobody else. */}}
{{- define "common.network" -}}
{{- $g := .root.Values.global -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "common.name" .root }}
  labels:
    {{- include "common.labels" (dict "root" .root "name" .root.Chart.Name) | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "common.selector" (dict "root" .root "name" .root.Chart.Name) | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- if or .calledBy .public }}
    - ports:
        - port: http
      from:
        {{- range .calledBy }}
        - podSelector:
            matchLabels:
              {{- include "common.selector" (dict "root" $.root "name" .) | nindent 14 }}
        {{- end }}
        {{- if $g.trial.enabled }}
        - podSelector:
            matchLabels:
              {{- include "common.selector" (dict "root" .root "name" "trial") | nindent 14 }}
        {{- end }}
        {{- if .public }}
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ $g.networkPolicy.ingressNamespace }}
        {{- end }}
    {{- end }}
    {{- if $g.monitoring.enabled }}
    - ports:
        - port: metrics
      from:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ $g.monitoring.namespace }}
    {{- end }}
  egress:
    {{- include "common.dns" . | nindent 4 }}
    {{- include "common.database" . | nindent 4 }}
    # Sign-in's keys{{ if .outside }}, and {{ .outside }}{{ end }}.
    - ports:
        {{- range $g.networkPolicy.outsidePorts }}
        - port: {{ . }}
        {{- end }}
      to:
        {{- include "common.anywhere" (dict "cidrs" $g.networkPolicy.outsideCIDRs) | trim | nindent 8 }}
    {{- if $g.trial.enabled }}
    - ports:
        - port: http
      to:
        - podSelector:
            matchLabels:
              {{- include "common.selector" (dict "root" .root "name" "sign-in") | nindent 14 }}
    {{- end }}
    {{- if .calls }}
    - ports:
        - port: http
      to:
        {{- range .calls }}
        - podSelector:
            matchLabels:
              {{- include "common.selector" (dict "root" $.root "name" .) | nindent 14 }}
        {{- end }}
    {{- end }}
    {{- if .events }}
    - ports:
        - port: 4222
      to:
        {{- if or $g.nats.url $g.nats.secret }}
        {{- include "common.anywhere" (dict "cidrs" $g.networkPolicy.natsCIDRs) | trim | nindent 8 }}
        {{- else }}
        - podSelector:
            matchLabels:
              {{- include "common.selector" (dict "root" .root "name" "nats") | nindent 14 }}
        {{- end }}
    {{- end }}
    {{- if $g.tracing.endpoint }}
    - ports:
        - port: {{ $g.tracing.port }}
      to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: {{ $g.tracing.namespace }}
    {{- end }}
    {{- with .egress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "common.name" .root }}-migrate
  labels:
    {{- include "common.labels" (dict "root" .root "name" .root.Chart.Name) | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "common.selector" (dict "root" .root "name" (printf "%s-migrate" .root.Chart.Name)) | nindent 6 }}
  policyTypes: [Ingress, Egress]
  egress:
    {{- include "common.dns" . | nindent 4 }}
    {{- include "common.database" . | nindent 4 }}
{{- end }}

{{- define "common.database" -}}
{{- $n := .root.Values.global.networkPolicy -}}
- ports:
    {{- range $n.databasePorts }}
    - port: {{ . }}
    {{- end }}
  to:
    {{- include "common.anywhere" (dict "cidrs" $n.databaseCIDRs) | trim | nindent 4 }}
{{- end }}

{{- define "common.dns" -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
  to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ .root.Values.global.networkPolicy.dnsNamespace }}
{{- end }}

{{- define "common.anywhere" -}}
{{- range .cidrs }}
- ipBlock:
    cidr: {{ . | quote }}
{{- end }}
{{- end }}
