{{- define "pipelines.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "pipelines.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "pipelines.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name names the account to use while serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "pipelines.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: pipelines
app.kubernetes.io/part-of: huggingtweets
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "pipelines.subject" -}}
- kind: ServiceAccount
  name: {{ include "pipelines.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end }}
