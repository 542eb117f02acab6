{{- /* `text` as a name of at most 52 letters; one that had to be changed ends in its digest, so that no two are the same. */}}
{{- define "pipelines.asName" -}}
{{- $name := .text | replace "." "-" }}
{{- if not (regexMatch "^[a-z]" $name) }}
{{- $name = printf "x-%s" $name }}
{{- end }}
{{- if or (ne $name .text) (gt (len $name) 52) }}
{{- $name = printf "%s-%s" (trunc 43 $name | trimSuffix "-") (sha256sum .text | trunc 8) }}
{{- end }}
{{- $name }}
{{- end }}

{{- define "pipelines.fullname" -}}
{{- include "pipelines.asName" (dict "text" (default .Release.Name .Values.fullnameOverride)) }}
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

{{- /* Of objects in other namespaces: no dot is in either part, so no two releases share one. */}}
{{- define "pipelines.nameElsewhere" -}}
{{- printf "%s.%s-deploy" .Release.Namespace (include "pipelines.fullname" .) }}
{{- end }}

{{- /* Says yes where the namespace has a kfp-launcher of somebody else's, as a standalone Kubeflow's has: helm may not take it. */}}
{{- define "pipelines.foreignLauncher" -}}
{{- $there := lookup "v1" "ConfigMap" .Release.Namespace "kfp-launcher" }}
{{- if and $there (ne .Release.Name (dig "metadata" "annotations" "meta.helm.sh/release-name" "" $there)) }}yes{{ end }}
{{- end }}

{{- /* The Service that the store's endpoint names, as http://NAME.NAMESPACE:PORT, which only pods reach; {} where it is none. */}}
{{- define "pipelines.storeService" -}}
{{- $host := (urlParse .Values.store.endpoint).host }}
{{- $labels := regexReplaceAll ":[0-9]+$" $host "" | splitList "." }}
{{- $is := or (le (len $labels) 2) (eq (index (append $labels "") 2) "svc") }}
{{- if and $is (hasPrefix "http://" .Values.store.endpoint) }}
{{- dict "name" (first $labels) "namespace" (index (append $labels .Release.Namespace) 1) "port" (regexFind ":[0-9]+$" $host | trimPrefix ":" | default "80") | toJson }}
{{- else }}{}
{{- end }}
{{- end }}

{{- define "pipelines.launcherData" -}}
{{- $secret := .Values.store.existingSecret -}}
defaultPipelineRoot: {{ .Values.store.pipelineRoot | quote }}
providers: |
  {{- if hasPrefix "gs://" .Values.store.pipelineRoot }}
  gs:
    default:
      credentials:
        fromEnv: {{ empty $secret }}
        {{- with $secret }}
        secretRef:
          secretName: {{ . }}
          tokenKey: credentials.json
        {{- end }}
  {{- else }}
  s3:
    default:
      region: {{ .Values.store.region }}
      {{- with .Values.store.endpoint }}
      endpoint: {{ . }}
      disableSSL: {{ hasPrefix "http://" . }}
      forcePathStyle: true
      {{- end }}
      credentials:
        fromEnv: {{ empty $secret }}
        {{- with $secret }}
        secretRef:
          secretName: {{ . }}
          accessKeyKey: AWS_ACCESS_KEY_ID
          secretKeyKey: AWS_SECRET_ACCESS_KEY
        {{- end }}
  {{- end }}
{{- end }}
