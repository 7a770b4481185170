{{/* A service's settings: (dict "root" . "service" $s "migrates" false). */}}
{{- define "common.environment" -}}
{{- $v := .root.Values -}}
{{- $g := $v.global -}}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef: {name: {{ tpl $v.database.secret .root }}, key: url}
{{- if .migrates }}
- name: OWNER_DATABASE_URL
  valueFrom:
    secretKeyRef: {name: {{ tpl $v.database.secret .root }}, key: owner-url}
{{- end }}
- name: STAFF_ISSUER
  value: {{ required "global.signIn.staff.issuer is needed: the OpenID Connect provider of the council's own people" (tpl $g.signIn.staff.issuer .root) | quote }}
- name: PUBLIC_ISSUER
  value: {{ required "global.signIn.public.issuer is needed: the OpenID Connect provider that jobseekers sign in with" (tpl $g.signIn.public.issuer .root) | quote }}
{{- if or .migrates (not .service.events) }}
- name: NATS_URL
  value: ""
{{- else if $g.nats.secret }}
- name: NATS_URL
  valueFrom:
    secretKeyRef: {name: {{ $g.nats.secret }}, key: url}
{{- else }}
- name: NATS_URL
  value: {{ $g.nats.url | default (printf "nats://%s-nats:4222" .root.Release.Name) | quote }}
{{- end }}
{{- range .service.calls }}
- name: {{ upper . }}_URL
  value: http://{{ $.root.Release.Name }}-{{ . }}
{{- end }}
- name: LEAVE_AFTER
  value: {{ $v.leave.afterSeconds }}s
- name: GRACE
  value: {{ $v.leave.graceSeconds }}s
- name: GOMEMLIMIT
  valueFrom:
    resourceFieldRef: {resource: limits.memory}
{{- if not .migrates }}
{{- if $g.monitoring.enabled }}
- name: OTEL_METRICS_EXPORTER
  value: prometheus
- name: OTEL_EXPORTER_PROMETHEUS_HOST
  value: 0.0.0.0
- name: OTEL_EXPORTER_PROMETHEUS_PORT
  value: "9464"
{{- end }}
{{- with $g.tracing.endpoint }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- range $name, $value := .service.environment }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- range $name, $value := $v.config }}
{{- if not (kindIs "invalid" $value) }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- range .service.secrets }}
- name: {{ .variable }}
  valueFrom:
    secretKeyRef: {name: {{ required (printf "%s is needed: the Secret with the key %s" .value .key) .secret }}, key: {{ .key }}}
{{- end }}
{{- end }}
