{{/* The name of what belongs to a service, and its address in the cluster. */}}
{{- define "common.name" -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* What selects a service's pods: (dict "root" . "name" "funding"). It never changes. */}}
{{- define "common.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "common.labels" -}}
{{ include "common.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: instead
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* An image's reference: (dict "root" . "image" .Values.image). A tag that begins with sha256: is a digest. */}}
{{- define "common.image" -}}
{{- $tag := .image.tag | default .root.Values.global.image.tag | default .root.Chart.AppVersion -}}
{{- $name := .image.repository -}}
{{- if .root.Values.global.image.registry }}{{ $name = printf "%s/%s" .root.Values.global.image.registry $name }}{{ end -}}
{{- if hasPrefix "sha256:" $tag }}{{ $name }}@{{ $tag }}{{ else }}{{ $name }}:{{ $tag }}{{ end -}}
{{- end }}
