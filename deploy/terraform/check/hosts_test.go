package check

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Check 8: the page's policy is the server's own with the bucket's host, and the
// bucket lets that page in and no other.
func TestHosts(t *testing.T) {
	bin, err := minichat()
	if err != nil {
		t.Fatal(err)
	}
	for name, l := range lives {
		t.Run(name, func(t *testing.T) {
			out := l.outputs(t)
			bucket := l.things(t, "aws_s3_bucket_cors_configuration")[0].Values
			if got := bucketHost(t, bucket["bucket"].(string), out["region"]); out["files_origin"] != got {
				t.Errorf("files_origin is %s, the SDK says %s", out["files_origin"], got)
			}
			rules := in(bucket, "cors_rule")
			if len(rules) != 2 {
				t.Fatalf("%d CORS rules", len(rules))
			}
			page, anybody := rules[0], rules[1]
			if !slices.Equal(texts(page, "allowed_origins"), []string{out["url"]}) || !slices.Contains(texts(page, "expose_headers"), "ETag") || !slices.Contains(texts(page, "allowed_headers"), "content-type") {
				t.Errorf("the page at %s cannot send parts: %v", out["url"], page)
			}
			if !slices.Equal(texts(anybody, "allowed_methods"), []string{"GET", "HEAD"}) {
				t.Errorf("others than the page may do %v", texts(anybody, "allowed_methods"))
			}
			if !strings.Contains(out["user_data"], "MINICHAT_PUBLIC_URL="+out["url"]+"\n") {
				t.Errorf("the server does not know that people open %s:\n%s", out["url"], out["user_data"])
			}

			// What the deploy step writes into the bucket says the same.
			dir := t.TempDir()
			if out, err := exec.Command(bin, "web", "export", dir, "--files-origin", out["files_origin"]).CombinedOutput(); err != nil {
				t.Fatalf("minichat web export: %v\n%s", err, out)
			}
			index, err := os.ReadFile(filepath.Join(dir, "index.html"))
			if err != nil {
				t.Fatal(err)
			}
			meta := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(string(index))
			const frames = "; frame-ancestors 'none'" // only a header may say it
			if meta == nil || meta[1]+frames != out["csp"] {
				t.Errorf("the header's policy is\n%s\nand the page's\n%v", out["csp"], meta)
			}
			if !strings.HasSuffix(constant(t, "internal/httpd/policy.go", "pageCSP"), frames) {
				t.Error("the server's own policy ends differently")
			}
			headers := map[string]map[string]any{}
			for _, policy := range l.things(t, "aws_cloudfront_response_headers_policy") {
				headers[policy.Name] = in(policy.Values, "security_headers_config")[0]
			}
			worker := in(headers["worker"], "content_security_policy")[0]["content_security_policy"]
			if worker != constant(t, "internal/httpd/policy.go", "workerCSP") {
				t.Errorf("the policy of the thread that draws is %s", worker)
			}
			age := in(headers["page"], "strict_transport_security")[0]["access_control_max_age_sec"]
			if got := "max-age=" + strconv.Itoa(int(age.(float64))); got != constant(t, "internal/httpd/middleware.go", "stsPolicy") {
				t.Errorf("CloudFront says Strict-Transport-Security: %s", got)
			}
		})
	}
}

// bucketHost is the origin of signed links, by the SDK that the server uses.
func bucketHost(t *testing.T, bucket, region string) string {
	t.Helper()
	c := s3.NewPresignClient(s3.New(s3.Options{Region: region, Credentials: credentials.NewStaticCredentialsProvider("nobody", "nothing", "")}))
	req, err := c.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("x")})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(req.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u.Scheme + "://" + u.Host
}

// constant is a text constant of a Go file of the product.
func constant(t *testing.T, file, name string) string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, read(t, file), 0)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	ast.Inspect(f, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && v.Names[0].Name == name {
			if lit, ok := v.Values[0].(*ast.BasicLit); ok {
				text, err = strconv.Unquote(lit.Value)
			}
		}
		return true
	})
	if err != nil || text == "" {
		t.Fatalf("%s has no constant %s: %v", file, name, err)
	}
	return text
}
