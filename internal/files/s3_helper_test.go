package files

import (
	"strings"
	"testing"

	"minichat/tools/testbucket"
)

const testPrefix = "some/where/"

func s3Place(t *testing.T) (open func() (Store, string)) {
	testbucket.Keys(t)
	server := testbucket.Start(t)
	return func() (Store, string) { return newS3(t, server), "" }
}

func newS3(t *testing.T, server *testbucket.Server) *S3 {
	t.Helper()
	s, err := OpenS3(t.Context(), S3Options{Bucket: server.Bucket, Prefix: testPrefix, Region: testbucket.Region, Endpoint: server.URL, PathStyle: true, Spool: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// wrongInS3 changes what a URL that S3 has been signed for says.
func wrongInS3(t *testing.T, good string, u, other Upload) map[string]string {
	return map[string]string{
		"no signature":  good[:strings.Index(good, "?")],
		"other number":  replaceQuery(t, good, "partNumber", "1"),
		"other upload":  replaceQuery(t, replaceQuery(t, good, "uploadId", other.ID), "x", ""),
		"other key":     strings.Replace(good, u.Key, other.Key, 1),
		"other bucket":  strings.Replace(good, "/bucket/", "/bucket2/", 1),
		"no upload":     replaceQuery(t, replaceQuery(t, good, "uploadId", ""), "partNumber", ""),
		"later":         replaceQuery(t, good, "X-Amz-Expires", "600000"),
		"cut signature": replaceQuery(t, good, "X-Amz-Signature", strings.Repeat("a", 64)),
		"other length":  replaceQuery(t, good, "X-Amz-SignedHeaders", "host"),
	}
}
