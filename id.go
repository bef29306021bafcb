package minichat

import (
	"crypto/rand"
	"encoding/base64"
)

// NewID returns a random id of n characters of [A-Za-z0-9_-], 6 bits each: 12
// for rooms and users, 16 for events, 22 (128 bits) for files and sessions.
func NewID(n int) string {
	b := make([]byte, (n*6+7)/8)
	rand.Read(b) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b)[:n]
}

// IsID reports whether s has the form of an id: [A-Za-z0-9_-]{1,64}.
func IsID(s string) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
