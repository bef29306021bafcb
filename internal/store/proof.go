package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// ProofSecret is the name of the Secret with which a server proves whose it is.
const ProofSecret = "proof"

// Proof answers nonce: equal answers come from servers of the same database, and
// say nothing to who does not have it.
func Proof(secret []byte, nonce string) string {
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(nonce)) // never fails
	return hex.EncodeToString(m.Sum(nil)[:16])
}
