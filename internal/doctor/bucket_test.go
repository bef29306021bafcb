package doctor

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"minichat/internal/config"
	"minichat/tools/testbucket"
)

const page = "https://chat.example.org"

// allActions are what docs/files.md says that a server needs.
var (
	objectActions = []string{"s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}
	bucketActions = []string{"s3:ListBucket", "s3:ListBucketMultipartUploads"}
)

func policy(t *testing.T, statements ...map[string]any) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func allow(on string, actions ...string) map[string]any {
	return map[string]any{"Effect": "Allow", "Action": actions, "Resource": on}
}

// least is the policy of docs/files.md, without one of its actions.
func least(t *testing.T, without string) string {
	not := func(a string) bool { return a == without }
	return policy(t, allow("arn:aws:s3:::bucket/chat/*", slices.DeleteFunc(slices.Clone(objectActions), not)...),
		allow("arn:aws:s3:::bucket", slices.DeleteFunc(slices.Clone(bucketActions), not)...))
}

// visitBucket examines the bucket and nothing else.
func visitBucket(t *testing.T, c *config.Bucket, origins ...string) map[string]Finding {
	t.Helper()
	found := map[string]Finding{}
	cfg := &config.Config{Listen: ":8000", Bucket: c}
	if len(origins) > 0 {
		cfg.PublicURL, cfg.Origins = origins[0], origins[1:]
	}
	v := &visit{Options: Options{Config: cfg, Tell: func(f Finding) {
		if _, twice := found[f.ID]; twice {
			t.Errorf("%s is told twice", f.ID)
		}
		found[f.ID] = f
		if f.Status != OK && f.Mend == "" {
			t.Errorf("%s does not say how to mend it: %s", f.ID, f.Seen)
		}
	}}}
	checkBucket(t.Context(), v)
	checkClock(t.Context(), v)
	return found
}

// as takes what Add gives.
func as(t *testing.T) func(access, secret string) {
	return func(access, secret string) { testbucket.As(t, access, secret) }
}

func at(s *testbucket.Server) *config.Bucket {
	return &config.Bucket{Name: s.Bucket, Prefix: "chat/", Region: testbucket.Region, Endpoint: s.URL, PathStyle: true}
}

// statuses holds what was found against what is wanted; others must be ok.
func statuses(t *testing.T, found map[string]Finding, want map[string]Status) {
	t.Helper()
	for id, f := range found {
		w := want[id]
		if w == "" {
			w = OK
		}
		if f.Status != w {
			t.Errorf("%s is %s, want %s: %s", id, f.Status, w, f.Seen)
		}
	}
	for id := range want {
		if _, ok := found[id]; !ok {
			t.Errorf("nothing is said of %s", id)
		}
	}
}

// leftOvers fails when the doctor left something in the bucket.
func leftOvers(t *testing.T, s *testbucket.Server) {
	t.Helper()
	objects, err := s.Owner().ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &s.Bucket})
	if err != nil {
		t.Fatal(err)
	}
	uploads, err := s.Owner().ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &s.Bucket})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects.Contents {
		t.Errorf("the object %s is left", aws.ToString(o.Key))
	}
	for _, u := range uploads.Uploads {
		t.Errorf("an upload of %s is left", aws.ToString(u.Key))
	}
}

// An empty server cannot say what a real bucket of AWS would: these are always so here.
func usual(more map[string]Status) map[string]Status {
	all := map[string]Status{"bucket.tls": Failing, "bucket.lifecycle": Warning}
	for id, s := range more {
		all[id] = s
	}
	return all
}

// Users with exactly the rights of docs/files.md, with one less, and with all.
func TestBucketRights(t *testing.T) {
	s, users := testbucket.StartWithUsers(t, page)
	t.Run("least", func(t *testing.T) {
		as(t)(users.Add("least", least(t, "")))
		found := visitBucket(t, at(s), page)
		statuses(t, found, usual(nil))
		leftOvers(t, s)
		if f := found["bucket.lifecycle"]; !strings.Contains(f.Mend, "AbortIncompleteMultipartUpload") {
			t.Errorf("the rule to set is not named: %s", f.Mend)
		}
	})
	for action, id := range map[string]string{
		"s3:PutObject": "bucket.put", "s3:GetObject": "bucket.get", "s3:DeleteObject": "bucket.delete",
		"s3:AbortMultipartUpload": "bucket.abort", "s3:ListMultipartUploadParts": "bucket.list-parts",
		"s3:ListBucket": "bucket.list", "s3:ListBucketMultipartUploads": "bucket.list-uploads",
	} {
		t.Run("without "+action, func(t *testing.T) {
			as(t)(users.Add("without-"+strings.TrimPrefix(action, "s3:"), least(t, action)))
			found := visitBucket(t, at(s), page)
			statuses(t, found, usual(map[string]Status{id: Failing}))
			if f := found[id]; !strings.Contains(f.Mend, action) || !strings.Contains(f.Mend, "arn:aws:s3:::bucket") {
				t.Errorf("the statement to add is not named: %s", f.Mend)
			}
			leftOvers(t, s)
		})
	}
	t.Run("all", func(t *testing.T) {
		as(t)(users.Add("all", policy(t, allow("*", "s3:*"))))
		found := visitBucket(t, at(s), page)
		statuses(t, found, usual(map[string]Status{"bucket.extra-list-buckets": Warning, "bucket.extra-outside": Warning, "bucket.extra-policy": Warning}))
		leftOvers(t, s)
	})
	t.Run("none", func(t *testing.T) {
		as(t)(users.Add("none", ""))
		found := visitBucket(t, at(s), page)
		for _, id := range []string{"bucket.get", "bucket.delete", "bucket.abort", "bucket.list", "bucket.list-uploads", "bucket.list-parts"} {
			if found[id].Status != Failing {
				t.Errorf("%s is %q, want failing: %s", id, found[id].Status, found[id].Seen)
			}
		}
		if f := found["bucket.put"]; f.Status != Warning || !strings.Contains(f.Seen, "not tried") {
			t.Errorf("bucket.put: got %v", f)
		}
		leftOvers(t, s)
	})
}

func TestBucketCORS(t *testing.T) {
	s := testbucket.Start(t, page)
	testbucket.Keys(t)
	set := func(rules ...types.CORSRule) {
		t.Helper()
		_, err := s.Owner().PutBucketCors(t.Context(), &s3.PutBucketCorsInput{Bucket: &s.Bucket, CORSConfiguration: &types.CORSConfiguration{CORSRules: rules}})
		if err != nil {
			t.Fatal(err)
		}
	}
	reading := types.CORSRule{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"GET", "HEAD"}, AllowedHeaders: []string{"range"}}
	writing := types.CORSRule{AllowedOrigins: []string{page}, AllowedMethods: []string{"PUT"}, AllowedHeaders: []string{"*"}, ExposeHeaders: []string{"ETag"}}
	for _, c := range []struct {
		name         string
		rules        []types.CORSRule
		origins      []string
		up, down     Status
		says, mended string
	}{
		{"right", []types.CORSRule{writing, reading}, []string{page}, OK, OK, "", ""},
		{"another origin too", []types.CORSRule{writing, reading}, []string{page, "https://pages.example.org"}, Failing, OK, "https://pages.example.org", `"AllowedOrigins":["https://chat.example.org","https://pages.example.org"]`},
		{"no reading", []types.CORSRule{writing}, []string{page}, OK, Failing, "", ""},
		{"no writing", []types.CORSRule{reading}, []string{page}, Failing, OK, "no CORS rule", "put-bucket-cors"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set(c.rules...)
			found := visitBucket(t, at(s), c.origins...)
			up, down := found["bucket.cors-upload"], found["bucket.cors-download"]
			if up.Status != c.up || down.Status != c.down || !strings.Contains(up.Seen, c.says) || !strings.Contains(up.Mend, c.mended) {
				t.Errorf("got %+v\nand %+v", up, down)
			}
		})
	}
	set(writing, reading)
	b := at(s)
	// This server exposes ETag whatever the rule says; AWS does not.
	b.Endpoint = through(t, s.URL, func(h http.Header) { h.Del("Access-Control-Expose-Headers") })
	if f := visitBucket(t, b, page)["bucket.cors-upload"]; f.Status != Failing || !strings.Contains(f.Seen, "ETag is not exposed") || !strings.Contains(f.Mend, `"ExposeHeaders":["ETag"]`) {
		t.Errorf("with the ETag hidden: got %+v", f)
	}
	if f := visitBucket(t, at(s))["bucket.cors-upload"]; f.Status != Warning || !strings.Contains(f.Mend, "--public-url") {
		t.Errorf("without a public URL: got %+v", f)
	}
	leftOvers(t, s)
}

func TestBucketThatCannotBeUsed(t *testing.T) {
	s := testbucket.Start(t, page)
	t.Run("unreachable", func(t *testing.T) {
		testbucket.Keys(t)
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c := at(s)
		c.Endpoint = "http://" + l.Addr().String()
		l.Close()
		found := visitBucket(t, c, page)
		statuses(t, found, map[string]Status{"bucket.reach": Failing})
	})
	t.Run("wrong secret", func(t *testing.T) {
		testbucket.As(t, testbucket.Access, "guessed")
		statuses(t, visitBucket(t, at(s), page), map[string]Status{"bucket.keys": Failing})
	})
	t.Run("unknown keys", func(t *testing.T) {
		testbucket.As(t, "nobody", "nothing")
		statuses(t, visitBucket(t, at(s), page), map[string]Status{"bucket.keys": Failing})
	})
	t.Run("no keys", func(t *testing.T) {
		testbucket.Bare(t)
		statuses(t, visitBucket(t, at(s), page), map[string]Status{"bucket.keys": Failing})
	})
	t.Run("no such bucket", func(t *testing.T) {
		testbucket.Keys(t)
		c := at(s)
		c.Name = "elsewhere"
		found := visitBucket(t, c, page)
		if f := found["bucket.reach"]; f.Status != Failing || !strings.Contains(f.Mend, "aws s3 mb s3://elsewhere") {
			t.Errorf("got %+v", f)
		}
	})
	t.Run("wrong region", func(t *testing.T) {
		testbucket.Keys(t)
		c := at(s)
		c.Region = "eu-central-1"
		if f := visitBucket(t, c, page)["bucket.reach"]; f.Status != Failing || !strings.Contains(f.Mend, "region") {
			t.Errorf("got %+v", f)
		}
	})
}

// A bucket that strangers may read is shown as what it is.
func TestPublicBucket(t *testing.T) {
	s := testbucket.Start(t, page)
	testbucket.Keys(t)
	open := policy(t, map[string]any{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"})
	if _, err := s.Owner().PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &s.Bucket, Policy: &open}); err != nil {
		t.Fatal(err)
	}
	f := visitBucket(t, at(s), page)["bucket.public"]
	if f.Status != Failing || !strings.Contains(f.Seen, "anybody may read a file") || !strings.Contains(f.Mend, "put-public-access-block") {
		t.Errorf("got %+v", f)
	}
	leftOvers(t, s)
}

// through passes everything on to the server and changes the headers of its answers.
func through(t *testing.T, to string, change func(http.Header)) string {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(u); r.Out.Host = r.In.Host },
		ModifyResponse: func(r *http.Response) error {
			change(r.Header)
			return nil
		},
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: proxy}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return "http://" + l.Addr().String()
}

func TestClocks(t *testing.T) {
	s := testbucket.Start(t, page)
	testbucket.Keys(t)
	for _, c := range []struct {
		by   time.Duration
		want Status
		says string
	}{{0, OK, "the same"}, {-time.Minute, Warning, "behind"}, {time.Hour, Failing, "ahead"}} {
		b := at(s)
		b.Endpoint = through(t, s.URL, func(h http.Header) { h.Set("Date", time.Now().Add(c.by).UTC().Format(http.TimeFormat)) })
		f := visitBucket(t, b, page)["clock"]
		if f.Status != c.want || !strings.Contains(f.Seen, c.says) {
			t.Errorf("%v: got %+v, want %s", c.by, f, c.want)
		}
	}
	leftOvers(t, s)
}

// The bucket's clock is right and ours, set in a bubble, is not.
func TestBucketOfAnotherTime(t *testing.T) {
	testbucket.Keys(t)
	for off, says := range map[time.Duration]string{-time.Hour: "60 minutes ahead", time.Hour: "60 minutes behind"} {
		server := testbucket.Start(t)
		right := time.Now()
		synctest.Test(t, func(t *testing.T) {
			defer server.Stop() // it ends the connections, else the bubble does not end
			time.Sleep(time.Until(right.Add(off)))
			found := visitBucket(t, at(server))
			statuses(t, found, map[string]Status{"bucket.reach": Failing, "clock": Failing})
			if seen := found["clock"].Seen; !strings.Contains(seen, says) {
				t.Errorf("got %q, want it to say %q", seen, says)
			}
			if mend := found["bucket.reach"].Mend; !strings.Contains(mend, "timedatectl") {
				t.Errorf("the mending is %q", mend)
			}
		})
	}
}
