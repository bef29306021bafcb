package check

import (
	"regexp"
	"testing"
	"time"
)

// Check 7: pings come twice within the shortest silence that anything on the way
// takes for the end.
func TestTimes(t *testing.T) {
	ping := flagDefault(t, "PingEvery")
	idle := map[string]time.Duration{
		"CloudFront's WebSockets (fixed)": 10 * time.Minute,
		"an NLB's connections (fixed)":    350 * time.Second,
		"a NAT gateway's (fixed)":         350 * time.Second,
		"network cards' tracking (fixed)": 350 * time.Second,
	}
	for name, l := range lives {
		for _, origin := range in(l.things(t, "aws_cloudfront_distribution")[0].Values, "origin") {
			for _, custom := range in(origin, "custom_origin_config") {
				if origin["origin_id"] == "server" {
					for _, key := range []string{"origin_read_timeout", "origin_keepalive_timeout"} {
						idle[name+": "+key] = time.Duration(custom[key].(float64)) * time.Second
					}
				}
			}
		}
	}
	if len(idle) != 4+2*len(lives) {
		t.Fatalf("the distributions have not the limits that were looked for: %v", idle)
	}
	for what, limit := range idle {
		if 2*ping > limit {
			t.Errorf("a ping comes every %s, and %s ends after %s", ping, what, limit)
		}
	}
}

// flagDefault is the default of a duration in the server's flags.
func flagDefault(t *testing.T, field string) time.Duration {
	t.Helper()
	m := regexp.MustCompile(field + `\s+time\.Duration .*default:"([^"]+)"`).FindStringSubmatch(read(t, "internal/config/flags.go"))
	if m == nil {
		t.Fatalf("internal/config/flags.go has no default of %s", field)
	}
	d, err := time.ParseDuration(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return d
}
