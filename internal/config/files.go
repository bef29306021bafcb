package config

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Bucket is a place for files that speaks S3. Keys to it stand nowhere here.
type Bucket struct {
	Name      string
	Prefix    string // before every name: "" or "some/where/"
	Region    string // "": as the AWS SDK finds it
	Endpoint  string // scheme://host[:port], "" for AWS
	PathStyle bool   // the bucket stands in the path instead of the host's name
}

const s3Form = "use s3://BUCKET/PREFIX?region=REGION, and for a server that is not AWS's also &endpoint=https://HOST&path_style=true"

// The names that AWS allows; other servers allow no more in earnest. How long they
// may be is asked beside: a count in an expression repeats its program so often.
var (
	bucketName   = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*[a-z0-9]$`)
	bucketPrefix = regexp.MustCompile(`^([A-Za-z0-9_-][A-Za-z0-9._-]*/)*$`)
	regionName   = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
)

func (a Attachments) check(c *Config) error {
	scheme, path, ok := strings.Cut(a.Files, ":")
	switch {
	case a.Files == "":
		c.FilesDir = filepath.Join(c.Data, "files")
	case ok && scheme == "file" && path != "":
		c.FilesDir = filepath.Clean(strings.TrimPrefix(path, "//"))
	case ok && scheme == "s3":
		b, err := parseBucket(a.Files)
		if err != nil {
			return wrong("files", "%v", err)
		}
		c.Bucket = b
	default:
		return wrong("files", "%q is no place for files; use file:DIR or s3://BUCKET/PREFIX", a.Files)
	}
	return nil
}

// parseBucket reads s3://BUCKET/PREFIX?….
func parseBucket(address string) (*Bucket, error) {
	u, err := url.Parse(address)
	// What stands there is not repeated: it may hold keys, and goes to the log.
	if err == nil && u.User != nil {
		return nil, fmt.Errorf("there are keys in the address; take them out. The AWS SDK finds them in the environment, a profile or the role of the machine")
	}
	if err != nil || u.Opaque != "" || u.Fragment != "" || u.Port() != "" {
		return nil, fmt.Errorf("that is no address of a bucket; %s", s3Form)
	}
	b := &Bucket{Name: u.Hostname(), Prefix: strings.Trim(u.Path, "/")}
	if b.Prefix != "" {
		b.Prefix += "/"
	}
	if len(b.Name) < 3 || len(b.Name) > 63 || !bucketName.MatchString(b.Name) || strings.Contains(b.Name, "..") {
		return nil, fmt.Errorf("%q is no name of a bucket: 3 to 63 of a-z 0-9 . -; %s", b.Name, s3Form)
	}
	if !bucketPrefix.MatchString(b.Prefix) || len(b.Prefix) > 512 {
		return nil, fmt.Errorf("%q cannot stand before the names in a bucket; use letters, digits, . _ - and single /", u.Path)
	}
	if err := b.read(u.RawQuery); err != nil {
		return nil, err
	}
	return b, nil
}

// read takes what stands behind the question mark.
func (b *Bucket) read(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("what stands behind the ? cannot be read; %s", s3Form)
	}
	for name, list := range values {
		value := list[0]
		switch {
		case len(list) > 1:
			return fmt.Errorf("%s is said twice", name)
		case name == "region" && len(value) <= 32 && regionName.MatchString(value):
			b.Region = value
		case name == "region":
			return fmt.Errorf("%q is no region; use one such as eu-central-1", value)
		case name == "endpoint":
			if b.Endpoint, err = Origin(value); err != nil {
				return fmt.Errorf("endpoint: %v; use the address of the server that speaks S3, such as https://s3.example.org", err)
			}
		case name == "path_style":
			if b.PathStyle, err = strconv.ParseBool(value); err != nil {
				return fmt.Errorf("path_style is true or false, not %q", value)
			}
		default:
			return fmt.Errorf("%q is no setting of a bucket; there are region, endpoint and path_style. Keys are found by the AWS SDK in the environment, a profile or the role of the machine", name)
		}
	}
	return nil
}
