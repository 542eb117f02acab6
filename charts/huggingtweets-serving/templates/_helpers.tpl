{{- /* `text` as a name of at most 52 letters, 63 for a label; one that had to be changed ends in its digest, so that no two are the same. */}}
{{- define "serving.asName" -}}
{{- $name := .text | replace "." "-" }}
{{- if not (regexMatch "^[a-z]" $name) }}
{{- $name = printf "x-%s" $name }}
{{- end }}
{{- $most := default 52 .most | int }}
{{- if or (ne $name .text) (gt (len $name) $most) }}
{{- $name = printf "%s-%s" (trunc (int (sub $most 9)) $name | trimSuffix "-") (sha256sum .text | trunc 8) }}
{{- end }}
{{- $name }}
{{- end }}

{{- define "serving.name" -}}
{{- include "serving.asName" (dict "text" (default .Chart.Name .Values.nameOverride) "most" 63) }}
{{- end }}

{{- define "serving.fullname" -}}
{{- $name := include "serving.name" . }}
{{- $both := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) }}
{{- include "serving.asName" (dict "text" (default $both .Values.fullnameOverride)) }}
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

{{- define "serving.target" -}}
{{- $onGpu := gt (int (dig "limits" "nvidia.com/gpu" 0 .Values.resources)) 0 }}
{{- if include "serving.registry" . }}
{{- ternary "serve-gpu" "serve" $onGpu }}
{{- else if and $onGpu (not .Values.image.repository) }}
{{- fail "the demo's image computes on the processor alone: for a GPU set registry.uri or registry.existingClaim, or image.repository" }}
{{- else -}}
serve-demo
{{- end }}
{{- end }}

{{- define "serving.image" -}}
{{- $default := printf "huggingtweets/%s" (include "serving.target" .) }}
{{- $repository := default $default .Values.image.repository }}
{{- if .Values.image.digest }}
{{- printf "%s@%s" $repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" $repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- /*
Who says how many pods there are, as JSON: `replicas` to write into the Deployment, or none, and `held` while the autoscaler goes on holding the number after it was turned off.
The autoscaler writes the number into the Deployment, and is known there as its owner (metadata.managedFields). Server-side apply refuses to take an owner's number from it, and puts a number that is written no more back to 1. So the number that is there is written again where it was ours or the patch is made by Helm itself, and left alone where it is another's.
*/}}
{{- define "serving.scaling" -}}
{{- $name := include "serving.fullname" . }}
{{- $live := lookup "apps/v1" "Deployment" .Release.Namespace $name }}
{{- $applied := false }}
{{- $ours := false }}
{{- $others := false }}
{{- range dig "metadata" "managedFields" list $live }}
{{- $owns := hasKey (dig "fieldsV1" "f:spec" dict .) "f:replicas" }}
{{- if eq .operation "Apply" }}
{{- $applied = true }}
{{- $ours = or $ours $owns }}
{{- else }}
{{- $others = or $others $owns }}
{{- end }}
{{- end }}
{{- $now := dig "spec" "replicas" 0 $live | int }}
{{- $wanted := int .Values.replicaCount }}
{{- if .Values.autoscaling.enabled }}
{{- $written := and $live (or $ours (not $applied)) }}
{{- dict "replicas" (ternary (default (int .Values.autoscaling.minReplicas) $now) nil (not (empty $written))) "held" false | toJson }}
{{- else }}
{{- $held := and $applied $others (ne $now $wanted) (lookup "autoscaling/v2" "HorizontalPodAutoscaler" .Release.Namespace $name) }}
{{- if and $held (eq $wanted 0) }}
{{- fail (printf "the autoscaler cannot hold replicaCount 0: first run kubectl scale --namespace %s deployment/%s --replicas=0" .Release.Namespace $name) }}
{{- end }}
{{- dict "replicas" (ternary nil $wanted (not (empty $held))) "held" (not (empty $held)) | toJson }}
{{- end }}
{{- end }}
