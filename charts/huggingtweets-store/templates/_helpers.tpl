{{- /* `text` as a name of at most 52 letters; one that had to be changed ends in its digest, so that no two are the same. */}}
{{- define "store.asName" -}}
{{- $name := .text | replace "." "-" }}
{{- if not (regexMatch "^[a-z]" $name) }}
{{- $name = printf "x-%s" $name }}
{{- end }}
{{- if or (ne $name .text) (gt (len $name) 52) }}
{{- $name = printf "%s-%s" (trunc 43 $name | trimSuffix "-") (sha256sum .text | trunc 8) }}
{{- end }}
{{- $name }}
{{- end }}

{{- define "store.fullname" -}}
{{- include "store.asName" (dict "text" (default .Release.Name .Values.fullnameOverride)) }}
{{- end }}

{{- define "store.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "store.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "store.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: store
app.kubernetes.io/part-of: huggingtweets
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "store.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "store.secret" -}}
{{- if not .Values.existingSecret }}
{{- fail (printf "the store has no keys: make a Secret, kubectl create secret generic store --namespace %s --from-literal=AWS_ACCESS_KEY_ID=personas --from-literal=AWS_SECRET_ACCESS_KEY=\"$(openssl rand -hex 20)\", and name it, --set existingSecret=store" .Release.Namespace) }}
{{- end }}
{{- .Values.existingSecret }}
{{- end }}

{{- /* The memory limit in MiB, from a quantity as `1Gi`, `1.5G`, `1e9` or 1073741824; 0 where there is none. */}}
{{- define "store.limit" -}}
{{- $limits := default dict (default dict .Values.resources).limits }}
{{- $text := toString (default "0" $limits.memory) }}
{{- $number := regexFind "^[0-9.]+([eE][+-]?[0-9]+)?" $text }}
{{- $units := dict "" 1 "n" 1e-9 "u" 1e-6 "m" 1e-3 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "P" 1e15 "E" 1e18 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "Pi" 1125899906842624 "Ei" 1152921504606846976 }}
{{- $limit := divf (mulf (float64 $number) (float64 (get $units (trimPrefix $number $text)))) 1048576.0 | floor | int64 }}
{{- if and (ne $text "0") (lt $limit 512) }}
{{- fail (printf "resources.limits.memory: %s is less than the store needs; give it 512Mi or more" $text) }}
{{- end }}
{{- $limit }}
{{- end }}
