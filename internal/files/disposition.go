package files

import (
	"fmt"
	"net/url"
	"strings"

	"minichat"
)

// Disposition names a file for a download, or for being shown in a page, as RFC
// 6266 says: in plain letters for old programs, in full for all others.
func Disposition(inline bool, name string) string {
	kind := "attachment"
	if inline {
		kind = "inline"
	}
	name = minichat.CleanFilename(name)
	plain := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || strings.ContainsRune(`"\%;*`, r) {
			return '_'
		}
		return r
	}, name)
	full := strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	return fmt.Sprintf(`%s; filename="%s"; filename*=UTF-8''%s`, kind, plain, full)
}
