{{- define "serving.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "serving.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "serving.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "serving.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "serving.selector" -}}
app.kubernetes.io/name: {{ include "serving.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "serving.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "serving.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: serve
app.kubernetes.io/part-of: huggingtweets
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "serving.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "serving.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- /* Where the personas are; empty for the demo, whose image knows. */}}
{{- define "serving.registry" -}}
{{- if .Values.registry.uri }}
{{- .Values.registry.uri }}
{{- else if .Values.registry.existingClaim -}}
file:///registry
{{- else if not .Values.demo.enabled }}
{{- fail "name the registry: set registry.uri or registry.existingClaim, or demo.enabled for the demo" }}
{{- end }}
{{- end }}

{{- define "serving.image" -}}
{{- $default := ternary "huggingtweets/serve" "huggingtweets/serve-demo" (not (empty (include "serving.registry" .))) }}
{{- $repository := default $default .Values.image.repository }}
{{- if .Values.image.digest }}
{{- printf "%s@%s" $repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}
