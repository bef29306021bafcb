package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// checkCORS asks as the browser of each page's origin does.
func (b *bucket) checkCORS(ctx context.Context) {
	var wrong []string
	origins := b.origins()
	for _, o := range origins {
		if fault := b.tryUploadFrom(ctx, o); fault != "" {
			wrong = append(wrong, o+": "+fault)
		}
	}
	switch {
	case len(origins) == 0:
		b.warn("bucket.cors-upload", "set --public-url to the address that people open, then run doctor again", "without --public-url the page's origin is not known")
	case len(wrong) > 0:
		b.fail("bucket.cors-upload", b.corsRule(origins), "pages cannot upload from %s", strings.Join(wrong, ", "))
	default:
		b.ok("bucket.cors-upload", "pages of %s may upload, and read the ETag", strings.Join(origins, ", "))
	}
	if fault := b.tryDownload(ctx); fault != "" {
		b.fail("bucket.cors-download", b.corsRule(origins), "pages cannot read files: %s", fault)
	} else {
		b.ok("bucket.cors-download", "pages may read files")
	}
}

// origins are those from which the page is opened.
func (b *bucket) origins() []string {
	list := slices.Clone(b.Config.Origins)
	if b.Config.PublicURL != "" && !slices.Contains(list, b.Config.PublicURL) {
		list = append([]string{b.Config.PublicURL}, list...)
	}
	return list
}

// tryUploadFrom sends the preflight of a part, then the part when there is an
// upload to send it to, and says what is wrong.
func (b *bucket) tryUploadFrom(ctx context.Context, origin string) string {
	upload := firstOf(b.upload, noUpload)
	signed, err := b.signer.PresignUploadPart(ctx, &s3.UploadPartInput{
		Bucket: &b.c.Name, Key: &b.key, UploadId: &upload, PartNumber: aws.Int32(1), ContentLength: aws.Int64(int64(len(probeText))),
	})
	if err != nil {
		return err.Error()
	}
	if fault := b.preflight(ctx, signed.URL, origin, http.MethodPut, "content-type"); fault != "" || b.upload == "" {
		return fault
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, signed.URL, strings.NewReader(probeText))
	if err != nil {
		return err.Error()
	}
	req.Header.Set("Origin", origin)
	res, err := b.web.Do(req)
	if err != nil {
		return rootOf(err).Error()
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode != http.StatusOK:
		said, _ := io.ReadAll(io.LimitReader(res.Body, 300)) // as much as there is
		return fmt.Sprintf("a part is answered with %d %s", res.StatusCode, said)
	case !lets(res.Header.Get("Access-Control-Allow-Origin"), origin):
		return "the answer to a part lacks Access-Control-Allow-Origin"
	case !strings.Contains(strings.ToLower(strings.Join(res.Header.Values("Access-Control-Expose-Headers"), ",")), "etag"):
		return "ETag is not exposed"
	}
	return ""
}

// tryDownload asks as a browser that was sent on from the chat's origin: it calls
// itself null, and asks for ranges.
func (b *bucket) tryDownload(ctx context.Context) string {
	signed, err := b.signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &b.c.Name, Key: &b.key})
	if err != nil {
		return err.Error()
	}
	return b.preflight(ctx, signed.URL, "null", http.MethodGet, "range")
}

func (b *bucket) preflight(ctx context.Context, address, origin, method, header string) string {
	res, err := b.ask(ctx, http.MethodOptions, address, http.Header{
		"Origin": {origin}, "Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {header},
	})
	switch {
	case err != nil:
		return rootOf(err).Error()
	case res.StatusCode >= 300 || !lets(res.Header.Get("Access-Control-Allow-Origin"), origin):
		return fmt.Sprintf("no CORS rule lets %s from %s (%d)", method, origin, res.StatusCode)
	case !strings.Contains(strings.ToUpper(strings.Join(res.Header.Values("Access-Control-Allow-Methods"), ",")), method):
		return method + " is not allowed"
	}
	return ""
}

func lets(allowed, origin string) bool { return allowed == "*" || allowed == origin }

// corsRule is the command that makes it right, as docs/files.md has it.
func (b *bucket) corsRule(origins []string) string {
	type rule struct {
		AllowedOrigins, AllowedMethods, AllowedHeaders []string
		ExposeHeaders                                  []string `json:",omitempty"`
		MaxAgeSeconds                                  int      `json:",omitempty"`
	}
	rules := map[string][]rule{"CORSRules": {
		{origins, []string{"PUT"}, []string{"*"}, []string{"ETag"}, 3600},
		{[]string{"*"}, []string{"GET", "HEAD"}, []string{"range"}, nil, 0},
	}}
	text, err := json.Marshal(rules)
	if err != nil {
		return "see docs/files.md"
	}
	return fmt.Sprintf("aws s3api put-bucket-cors --bucket %s%s --cors-configuration '%s'", b.c.Name, b.endpointFlag(), text)
}

func (b *bucket) endpointFlag() string {
	if b.c.Endpoint == "" {
		return ""
	}
	return " --endpoint-url " + b.c.Endpoint
}
