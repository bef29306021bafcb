package minichat

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Rows 57 to 60.
func TestCleanFilename(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"photo.png", "photo.png"}, {"Ärger \"quoted\"; filename*=x → y.txt", "Ärger \"quoted\"; filename*=x → y.txt"},
		{"../../x", "x"}, {`..\x`, "x"}, {`C:\x`, "x"}, {"/etc/x", "x"}, {"a/b\\c/d.txt", "d.txt"}, {"dir/", "file"},
		{"a\x00b\r\nc.txt", "ab  c.txt"}, {"a\u0085b", "a b"}, {"photo\u202egpj.exe", "photogpj.exe"}, {"a\u200bb\ufeff.txt", "ab.txt"},
		{"", "file"}, {".", "file"}, {"..", "file"}, {"...", "file"}, {" ", "file"}, {"\u200d", "file"}, {"\x00", "file"},
		{"CON", "_CON"}, {"con", "_con"}, {"NUL.txt", "_NUL.txt"}, {"nul.tar.gz", "_nul.tar.gz"}, {"COM1", "_COM1"}, {"lpt9.x", "_lpt9.x"},
		{"COM¹", "_COM¹"}, {"COM10", "COM10"}, {"CONSOLE", "CONSOLE"}, {"com", "com"}, {"CON .txt", "_CON .txt"},
		{"x. . ", "x"}, {" x", "x"}, {"~x", "_~x"}, {".env", ".env"}, {"e\u0301.txt", "é.txt"}, {"a\xffb", "a_b"}, {"👩‍💻.png", "👩‍💻.png"},
		{"<script>.html", "<script>.html"},
	} {
		if got := CleanFilename(c.in); got != c.want {
			t.Errorf("CleanFilename(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

// Row 60.
func TestCleanFilenameLength(t *testing.T) {
	for _, s := range []string{strings.Repeat("x", 4096) + ".pdf", strings.Repeat("é", 2048) + ".pdf", "~" + strings.Repeat("é", 150) + ".pdf"} {
		got := CleanFilename(s)
		if len(got) > 200 || len(got) < 190 || !utf8.ValidString(got) || !strings.HasSuffix(got, ".pdf") {
			t.Errorf("%d bytes became %d: %q", len(s), len(got), got)
		}
	}
	if got := CleanFilename(strings.Repeat("x.", 300)); len(got) > 200 || strings.HasSuffix(got, ".") {
		t.Errorf("got %q", got)
	}
}

func TestFileKind(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"image/png", "image"}, {"IMAGE/JPEG", "image"}, {"image/gif", "image"}, {"image/webp", "image"}, {"video/mp4", "video"},
		{"audio/mpeg", "audio"}, {"application/pdf", "pdf"}, {"audio/ogg; codecs=opus", "audio"},
		{"image/svg+xml", ""}, {"text/html; charset=utf-8", ""}, {"text/plain", ""}, {"application/xhtml+xml", ""}, {"", ""}, {"image/tiff", ""},
	} {
		if got := FileKind(c.in); got != c.want {
			t.Errorf("FileKind(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func FuzzCleanFilename(f *testing.F) {
	for _, s := range []string{"a.txt", "../x", "CON", "~x", "\xff", "a\u202eb", "x. ", strings.Repeat("é", 300) + ".jpeg", "~" + strings.Repeat("x", 300), ". .", "e\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := CleanFilename(s)
		if got == "" || got == "." || got == ".." || len(got) > 200 || !utf8.ValidString(got) || strings.ContainsAny(got, "/\\\x00\r\n") {
			t.Errorf("CleanFilename(%q) = %q", s, got)
		}
		if again := CleanFilename(got); again != got {
			t.Errorf("%q became %q, then %q", s, got, again)
		}
	})
}
