{{- define "ltri.labels" -}}
app.kubernetes.io/name: ltri
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "ltri.access" -}}
{{- $root := .root -}}
{{- $prefix := .prefix -}}
{{- with $root.Values.security }}
{{- if .tlsSecret }}
- {name: {{ $prefix }}_ACCESS_CERTIFICATE, value: /tls/tls.crt}
- {name: {{ $prefix }}_ACCESS_KEY, value: /tls/tls.key}
{{- end }}
{{- if .tokensSecret }}
- {name: {{ $prefix }}_ACCESS_TOKENFILE, value: /tokens/tokens}
{{- end }}
{{- if .insecure }}
- {name: {{ $prefix }}_ACCESS_INSECURE, value: "true"}
{{- else if not (and .tlsSecret .tokensSecret) }}
{{- fail "set security.tlsSecret and security.tokensSecret, or security.insecure=true if the network is trusted" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ltri.mounts" -}}
{{- with .Values.security }}
{{- if .tlsSecret }}
- {name: tls, mountPath: /tls, readOnly: true}
{{- end }}
{{- if .tokensSecret }}
- {name: tokens, mountPath: /tokens, readOnly: true}
{{- end }}
{{- if .indexTokenSecret }}
- {name: index-token, mountPath: /index-token, readOnly: true}
{{- end }}
{{- end }}
{{- end }}

{{- define "ltri.volumes" -}}
{{- with .Values.security }}
{{- if .tlsSecret }}
- name: tls
  secret: {secretName: {{ .tlsSecret | quote }}}
{{- end }}
{{- if .tokensSecret }}
- name: tokens
  secret: {secretName: {{ .tokensSecret | quote }}}
{{- end }}
{{- if .indexTokenSecret }}
- name: index-token
  secret: {secretName: {{ .indexTokenSecret | quote }}}
{{- end }}
{{- end }}
{{- end }}
