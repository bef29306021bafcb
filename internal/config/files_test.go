package config

import (
	"strings"
	"testing"
)

func TestBucket(t *testing.T) {
	for give, want := range map[string]Bucket{
		"s3://bucket":                     {Name: "bucket"},
		"s3://bucket/":                    {Name: "bucket"},
		"s3://my-bucket.example/a/b.c/":   {Name: "my-bucket.example", Prefix: "a/b.c/"},
		"s3://bucket/u?region=eu-north-1": {Name: "bucket", Prefix: "u/", Region: "eu-north-1"},
		"s3://bucket?endpoint=http://127.0.0.1:9000&path_style=true&region=x":         {Name: "bucket", Endpoint: "http://127.0.0.1:9000", PathStyle: true, Region: "x"},
		"s3://bucket?endpoint=https%3A%2F%2FS3.example.org%3A443%2F&path_style=false": {Name: "bucket", Endpoint: "https://s3.example.org"},
	} {
		f := plain()
		f.Files = give
		c, err := f.Check(noEnv)
		if err != nil {
			t.Errorf("%s: %v", give, err)
			continue
		}
		if c.Bucket == nil || *c.Bucket != want || c.FilesDir != "" {
			t.Errorf("%s: got %+v, folder %q, want %+v", give, c.Bucket, c.FilesDir, want)
		}
	}
}

func TestWrongBuckets(t *testing.T) {
	for give, says := range map[string]string{
		"s3:":               "no name of a bucket",
		"s3:bucket":         "no address of a bucket",
		"s3://":             "no name of a bucket",
		"s3://Bucket":       "no name of a bucket",
		"s3://b":            "no name of a bucket",
		"s3://a..b":         "no name of a bucket",
		"s3://bucket:80":    "no address of a bucket",
		"s3://bucket/../x":  "cannot stand before",
		"s3://bucket/a//b":  "cannot stand before",
		"s3://bucket/a%20b": "cannot stand before",
		"s3://bucket/" + strings.Repeat("x", 600): "cannot stand before",
		"s3://bucket#x":                       "no address of a bucket",
		"s3://bucket?region=EU":               "no region",
		"s3://bucket?region=a&region=b":       "twice",
		"s3://bucket?endpoint=s3.example.org": "no address",
		"s3://bucket?endpoint=https://x/y":    "after its host",
		"s3://bucket?path_style=yes":          "true or false",
		"s3://bucket?acl=public":              "no setting",
		"s3://bucket?access_key=hush":         "AWS SDK",
		"s3://me:hush@bucket":                 "take them out",
		"s3://bucket?secret_key=hush":         "AWS SDK",
		"s3://bucket?x=%zz":                   "cannot be read",
	} {
		f := plain()
		f.Files = give
		_, err := f.Check(noEnv)
		if err == nil || !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "--files (MINICHAT_FILES): ") || strings.ContainsAny(err.Error(), "\n") {
			t.Errorf("%.60s: got %v, want it to say %q", give, err, says)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: a secret is repeated: %v", give, err)
		}
	}
}
