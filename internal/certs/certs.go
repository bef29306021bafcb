// Package certs has the certificate by which the server speaks https: from two
// files that are read again when they change, or fetched by ACME (RFC 8555) and
// renewed. A new one never touches the connections that are open.
package certs

import (
	"crypto/tls"
	"time"
)

// config is what every handshake is held to.
func config(get func(*tls.ClientHelloInfo) (*tls.Certificate, error), protocols ...string) *tls.Config {
	return &tls.Config{
		GetCertificate:              get,
		MinVersion:                  tls.VersionTLS12,
		NextProtos:                  append([]string{"http/1.1"}, protocols...),
		DynamicRecordSizingDisabled: true, // what goes out together is one record, and one write
	}
}

// date is a time for people, to the minute.
func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
