{{/* A pod that tries the system: (dict "root" . "args" (list "main-job")). */}}
{{- define "instead.trial" -}}
restartPolicy: Never
{{ include "common.podSecurity" .root }}
containers:
  - name: trial
    image: {{ include "common.image" (dict "root" .root "image" .root.Values.trial.image) | quote }}
    imagePullPolicy: {{ .root.Values.global.image.pullPolicy }}
    args: {{ toJson .args }}
    env:
      {{- range list "needs" "funding" "portal" }}
      - name: {{ upper . }}_URL
        value: http://{{ $.root.Release.Name }}-{{ . }}
      {{- end }}
      - name: STAFF_ISSUER
        value: {{ tpl .root.Values.global.signIn.staff.issuer .root | quote }}
    resources:
      requests: {cpu: 50m, memory: 32Mi}
      limits: {memory: 128Mi}
    securityContext:
      {{- include "common.containerSecurity" .root | nindent 6 }}
{{- end }}
