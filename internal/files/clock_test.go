package files

import (
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"minichat/tools/testbucket"
)

// Fault 17: our clock is an hour off, that of the bucket is right: the SDK learns
// that by itself for its own calls, and addresses are signed by the bucket's clock.
func TestOurClockIsWrong(t *testing.T) {
	testbucket.Keys(t)
	for name, off := range map[string]time.Duration{"behind": -time.Hour, "ahead": time.Hour} {
		t.Run(name, func(t *testing.T) {
			server := testbucket.Start(t)
			right := time.Now()
			// In the bubble is a clock that we may set.
			synctest.Test(t, func(t *testing.T) {
				defer server.Stop() // it ends the connections, else the bubble does not end
				time.Sleep(time.Until(right.Add(off)))
				s := newS3(t, server)
				goesRoundTheBucket(t, s, right)
				if got := s.Skew(); (got + off).Abs() > time.Minute {
					t.Errorf("got a skew of %v, want %v", got, -off)
				}
				if off < 0 { // ours is put right
					time.Sleep(-off)
					goesRoundTheBucket(t, s, right)
				}
			})
		})
	}
}

// Nobody need ask whether the bucket is there for a clock that leaps to be noticed.
func TestOurClockLeaps(t *testing.T) {
	testbucket.Keys(t)
	server := testbucket.Start(t)
	right := time.Now()
	synctest.Test(t, func(t *testing.T) {
		defer server.Stop() // it ends the connections, else the bubble does not end
		time.Sleep(time.Until(right))
		s := newS3(t, server)
		goesRoundTheBucket(t, s, right)
		time.Sleep(time.Hour)
		goesRoundTheBucket(t, s, right)
	})
}

// goesRoundTheBucket uploads a file and reads it by its link, which is of now.
func goesRoundTheBucket(t *testing.T, s *S3, now time.Time) {
	t.Helper()
	data := noise(70, 1000)
	u := start(t, s, int64(len(data)))
	sendPart(t, s, "", u, 1, data, http.StatusOK)
	complete(t, s, u)
	link, err := s.Link(t.Context(), u.Key, "a.txt", "text/plain", false, time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if resp, body := get(t, link); resp.StatusCode != 200 || string(body) != string(data) {
		t.Errorf("the link gives %d, %d bytes", resp.StatusCode, len(body))
	}
	parts, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse("20060102T150405Z", parts.Query().Get("X-Amz-Date"))
	if err != nil || at.Sub(now).Abs() > time.Minute {
		t.Errorf("the link is of %v, %v, want the bucket's time, %v", at, err, now.UTC())
	}
}
