{{/*
All that a service has on Kubernetes: (dict "root" . "calls" (list "needs")
"calledBy" (list "portal") "events" true), and where it needs them "environment",
a dict of more settings, "secrets", a list of dicts with variable, secret, key and
value, and "volumes" and "mounts", lists as a pod has them.
*/}}
{{- define "common.service" -}}
{{- $s := . }}
{{- $v := .root.Values }}
{{- $name := include "common.name" .root }}
{{- $mine := dict "root" .root "name" .root.Chart.Name }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ $name }}
  labels:
    {{- include "common.labels" $mine | nindent 4 }}
automountServiceAccountToken: false
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  labels:
    {{- include "common.labels" $mine | nindent 4 }}
spec:
  selector:
    {{- include "common.selector" $mine | nindent 4 }}
  ports:
    - name: http
      port: 80
      targetPort: http
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  labels:
    {{- include "common.labels" $mine | nindent 4 }}
spec:
  {{- if not $v.autoscaling.enabled }}
  replicas: {{ $v.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  selector:
    matchLabels:
      {{- include "common.selector" $mine | nindent 6 }}
  strategy:
    rollingUpdate:
      maxUnavailable: 0
      maxSurge: 1
  template:
    metadata:
      labels:
        {{- include "common.labels" $mine | nindent 8 }}
      {{- with $v.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ $name }}
      {{- include "common.podSecurity" .root | nindent 6 }}
      # As long as it goes on answering, lets requests finish, and hands on jobs and telemetry.
      terminationGracePeriodSeconds: {{ add $v.leave.afterSeconds $v.leave.graceSeconds 15 }}
      topologySpreadConstraints:
        {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
        - maxSkew: 1
          topologyKey: {{ . }}
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "common.selector" $mine | nindent 14 }}
          matchLabelKeys: [pod-template-hash]
        {{- end }}
      containers:
        - name: {{ .root.Chart.Name }}
          image: {{ include "common.image" (dict "root" .root "image" $v.image) | quote }}
          imagePullPolicy: {{ $v.global.image.pullPolicy }}
          ports:
            - name: http
              containerPort: 8080
            {{- if $v.global.monitoring.enabled }}
            - name: metrics
              containerPort: 9464
            {{- end }}
          env:
            {{- include "common.environment" (dict "root" .root "service" $s "migrates" false) | nindent 12 }}
          startupProbe:
            httpGet: {path: /startz, port: http}
            periodSeconds: 1
            timeoutSeconds: 3
            failureThreshold: 60
          readinessProbe:
            httpGet: {path: /readyz, port: http}
            periodSeconds: 3
            timeoutSeconds: 3
            failureThreshold: 5
          livenessProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 3
          resources:
            {{- toYaml $v.resources | nindent 12 }}
          securityContext:
            {{- include "common.containerSecurity" .root | nindent 12 }}
          volumeMounts:
            - name: tmp
              mountPath: /tmp
            {{- with .mounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir:
            sizeLimit: 256Mi
        {{- with .volumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
---
# The schema is brought up to date before any pod of this version serves, and must
# do for those of the version before, which go on meanwhile.
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ $name }}-migrate
  labels:
    {{- include "common.labels" (dict "root" .root "name" (printf "%s-migrate" .root.Chart.Name)) | nindent 4 }}
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  backoffLimit: 3
  activeDeadlineSeconds: 900
  template:
    metadata:
      labels:
        {{- include "common.labels" (dict "root" .root "name" (printf "%s-migrate" .root.Chart.Name)) | nindent 8 }}
    spec:
      restartPolicy: Never
      {{- include "common.podSecurity" .root | nindent 6 }}
      containers:
        - name: migrate
          image: {{ include "common.image" (dict "root" .root "image" $v.image) | quote }}
          imagePullPolicy: {{ $v.global.image.pullPolicy }}
          args: [migrate]
          env:
            {{- include "common.environment" (dict "root" .root "service" $s "migrates" true) | nindent 12 }}
          resources:
            {{- toYaml $v.resources | nindent 12 }}
          securityContext:
            {{- include "common.containerSecurity" .root | nindent 12 }}
          volumeMounts:
            - name: tmp
              mountPath: /tmp
            {{- with .mounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - name: tmp
          emptyDir:
            sizeLimit: 256Mi
        {{- with .volumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
{{- if $v.autoscaling.enabled }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ $name }}
  labels:
    {{- include "common.labels" $mine | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ $name }}
  minReplicas: {{ $v.autoscaling.min }}
  maxReplicas: {{ $v.autoscaling.max }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ $v.autoscaling.cpuPercent }}
{{- end }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
  labels:
    {{- include "common.labels" $mine | nindent 4 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "common.selector" $mine | nindent 6 }}
{{- if $v.global.networkPolicy.enabled }}
---
{{ include "common.network" $s }}
{{- end }}
{{- if and $v.global.monitoring.enabled $v.global.monitoring.podMonitor }}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: {{ $name }}
  labels:
    {{- include "common.labels" $mine | nindent 4 }}
spec:
  selector:
    matchLabels:
      {{- include "common.selector" $mine | nindent 6 }}
  podMetricsEndpoints:
    - port: metrics
{{- end }}
{{- end }}
