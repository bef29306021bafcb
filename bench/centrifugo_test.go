package main

import "testing"

// The example that jwt.io shows.
func TestJWT(t *testing.T) {
	const want = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
	if got := jwt("your-256-bit-secret", `{"sub":"1234567890","name":"John Doe","iat":1516239022}`); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
