package httpd

import (
	"fmt"
	"strings"
)

// pageCSP is the policy of the page; web/index.html says the same, so that it
// also holds where somebody else serves the files.
const pageCSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; frame-ancestors 'none'"

// workerCSP is the policy of a thread that reads what strangers made, in files
// that are named …-worker.js: it may load our own modules and ask nobody else.
const workerCSP = "default-src 'none'; script-src 'self'"

// Widen lets a policy of the page, alone or within the page's text, reach other
// origins too: calls may be asked and sent to, shows may give pictures, sounds
// and films.
func Widen(text string, calls, shows []string) (string, error) {
	for _, part := range []struct {
		name    string
		origins []string
	}{{"connect-src 'self'", calls}, {"img-src 'self'", shows}, {"media-src 'self'", shows}} {
		if strings.Count(text, part.name) != 1 {
			return "", fmt.Errorf("the page's policy has not exactly one %s", part.name)
		}
		text = strings.Replace(text, part.name, strings.Join(append([]string{part.name}, part.origins...), " "), 1)
	}
	return text, nil
}
