package files

import (
	"strings"
	"testing"
)

func TestDisposition(t *testing.T) {
	for _, row := range []struct{ name, want string }{
		{"plan.png", `attachment; filename="plan.png"; filename*=UTF-8''plan.png`},
		{"Übersicht 1.pdf", `attachment; filename="_bersicht 1.pdf"; filename*=UTF-8''%C3%9Cbersicht%201.pdf`},
		{`a"b.txt`, `attachment; filename="a_b.txt"; filename*=UTF-8''a%22b.txt`},
		{"a%20b.txt", `attachment; filename="a_20b.txt"; filename*=UTF-8''a%2520b.txt`},
	} {
		if got := Disposition(false, row.name); got != row.want {
			t.Errorf("%q:\ngot  %s\nwant %s", row.name, got, row.want)
		}
	}
	for _, hostile := range []string{"../../x", `..\x`, "a\r\nSet-Cookie: x=1", "a\x00b", `x"; filename*=UTF-8''evil.exe`, "photo\u202egpj.exe", strings.Repeat("x", 4096), "", ".", "CON"} {
		got := Disposition(false, hostile)
		if strings.ContainsAny(got, "\r\n\x00/") || strings.Contains(got, "%E2%80%AE") || strings.Count(got, "filename*=") != 1 || len(got) > 1000 {
			t.Errorf("%.40q: got %q", hostile, got)
		}
	}
}
