package certs

import (
	"net/http"
	"testing"
)

// The answers are such as ACME servers give (RFC 8555, sections 6.7 and 7.1).
func TestComplaint(t *testing.T) {
	for _, row := range []struct {
		name   string
		status int
		typ    string
		body   string
		want   string
	}{
		{"an order that goes well", 201, "application/json", `{"status":"pending","authorizations":["https://ca/a/1"]}`, ""},
		{"a failed challenge", 200, "application/json", `{"status":"invalid","challenges":[{"type":"http-01","status":"invalid","error":{"type":"urn:ietf:params:acme:error:connection","detail":"Connection refused"}}]}`, "Connection refused"},
		{"a failed order", 200, "application/json", `{"status":"invalid","error":{"type":"urn:ietf:params:acme:error:caa","detail":"CAA forbids it"}}`, "CAA forbids it"},
		{"too many", 429, "application/problem+json", `{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many failed authorizations","status":429}`, "too many failed authorizations"},
		{"a used nonce", 400, "application/problem+json", `{"type":"urn:ietf:params:acme:error:badNonce","detail":"x"}`, ""},
		{"a page of a broken proxy", 502, "text/html", `<html>`, "the ACME server answers 502 Bad Gateway"},
		{"a certificate", 200, "application/pem-certificate-chain", `-----BEGIN`, ""},
		{"half an answer", 200, "application/json", `{"status":`, ""},
	} {
		res := &http.Response{StatusCode: row.status, Status: "502 Bad Gateway", Header: http.Header{"Content-Type": {row.typ}}}
		if got := complaint(res, []byte(row.body)); got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, got, row.want)
		}
	}
}
