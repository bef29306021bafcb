package minichat

import (
	"slices"
	"strings"
	"testing"
)

func TestReservedIsSorted(t *testing.T) {
	if !slices.IsSorted(reserved) {
		t.Error("the reserved names are not sorted, so some are not found")
	}
}

func TestCheckHandle(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Code
	}{
		{"ana", ""}, {"a", ""}, {"7", ""}, {"ana.b-c_d9", ""}, {strings.Repeat("a", 32), ""}, {"ali", ""}, {"bot", ""},
		{"", BadName}, {"Ana", BadName}, {"..", BadName}, {".ana", BadName}, {"ana.", BadName}, {"-a", BadName},
		{"a b", BadName}, {"é", BadName}, {strings.Repeat("a", 33), BadName}, {"a/b", BadName}, {"a\x00", BadName}, {"аdmin", BadName},
		{"admin", NameReserved}, {"system", NameReserved}, {"here", NameReserved}, {"all", NameReserved}, {"lab", NameReserved},
		{"everyone", NameReserved}, {"channel", NameReserved}, {"room", NameReserved}, {"minichat", NameReserved},
		{"owner", NameReserved}, {"root", NameReserved}, {"support", NameReserved}, {"null", NameReserved}, {"me", NameReserved},
		{"current", NameReserved}, {"r0ot", NameReserved}, {"adm1n", NameReserved}, {"ad-min", NameReserved},
	} {
		if got := CodeOf(CheckHandle(c.in)); got != c.want {
			t.Errorf("CheckHandle(%q): got %q, want %q", c.in, got, c.want)
		}
	}
}

func TestCheckName(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Ana", "Ana"}, {"  Ana   B. ", "Ana B."}, {"Jose\u0301", "José"}, {"O'Brien-Łukasz", "O'Brien-Łukasz"},
		{"Анна", "Анна"}, {"Ελένη", "Ελένη"}, {"山田 太郎", "山田 太郎"}, {"ヤマダ Taro 山", "ヤマダ Taro 山"}, {"김철수 Kim", "김철수 Kim"},
		{"अनिता", "अनिता"}, {"क्\u200dष", "क्\u200dष"}, {"می\u200cخواهم", "می\u200cخواهم"}, {"Ana 👩‍💻", "Ana 👩‍💻"}, {"Ana ❤️", "Ana ❤️"},
		{"Ali", "Ali"}, {"R2", "R2"}, {"7", "7"}, {strings.Repeat("é", 64), strings.Repeat("é", 64)}, {"Admin Smith", "Admin Smith"},
		{"<img onerror>", "<img onerror>"},
	} {
		got, err := CheckName(c.in)
		if err != nil || got != c.want {
			t.Errorf("CheckName(%q) = %q, %v; want %q", c.in, got, err, c.want)
		}
	}
}

func TestCheckNameRefuses(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Code
	}{
		{"", BadName}, {"   ", BadName}, {"..", BadName}, {"👍", BadName}, {"a\nb", BadName}, {"a\tb", BadName}, {"a\x00", BadName},
		{"a\u2028b", BadName}, {"a\ufdd0", BadName}, {"\xff", BadName}, {strings.Repeat("a", 65), BadName},
		{"a" + strings.Repeat("\u0331", 9), TooManyMarks},
		{"admin", NameReserved}, {"ADMIN", NameReserved}, {" System ", NameReserved}, {"here", NameReserved}, {"Everyone", NameReserved},
		{"аdmin", NameConfusable}, {"Pаul", NameConfusable}, {"Αnna", NameConfusable}, {"Anna Анна", NameConfusable},
		{"ａｄｍｉｎ", NameConfusable}, {"𝐚𝐝𝐦𝐢𝐧", NameConfusable}, {"adm1n", NameConfusable}, {"AdmIn ", NameReserved}, {"admln", NameConfusable},
		{"ѕуѕтем", NameConfusable}, {"R00t", NameConfusable}, {"ad.min", NameConfusable},
		{"An" + zeroWidth + "a", NameConfusable}, {rightLeft + "ana", NameConfusable}, {"a\u00adna", NameConfusable}, {"an\u200da", NameConfusable},
		{"ana\ufe0f", NameConfusable}, {"\u3164", NameConfusable}, {"\u2066ana\u2069", NameConfusable},
	} {
		got, err := CheckName(c.in)
		if CodeOf(err) != c.want || got != "" {
			t.Errorf("CheckName(%q) = %q, %v; want %s", c.in, got, err, c.want)
		}
	}
}

func TestCheckRoomName(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"general", "general"}, {"  Team   A ", "Team A"}, {"🎉", "🎉"}, {"e\u0301", "é"}, {"<b>{{7*7}}", "<b>{{7*7}}"},
		{strings.Repeat("x", 64), strings.Repeat("x", 64)}, {"Отдел IT", "Отдел IT"}, {"admin", "admin"},
	} {
		got, err := CheckRoomName(c.in)
		if err != nil || got != c.want {
			t.Errorf("CheckRoomName(%q) = %q, %v; want %q", c.in, got, err, c.want)
		}
	}
	for _, s := range []string{"", "  ", zeroWidth, "a\nb", "a\x00", "a" + zeroWidth + "b", rightLeft + "x", strings.Repeat("x", 65), "\xff"} {
		if _, err := CheckRoomName(s); CodeOf(err) != BadName {
			t.Errorf("CheckRoomName(%q): %v, want %s", s, err, BadName)
		}
	}
}

func TestCheckTopic(t *testing.T) {
	for _, c := range []struct {
		in, want string
		code     Code
	}{
		{"", "", ""}, {"  ", "", ""}, {zeroWidth, "", ""}, {" what we  do ", "what we do", ""}, {strings.Repeat("é", 256), strings.Repeat("é", 256), ""},
		{strings.Repeat("é", 257), "", TooLong}, {"a\nb", "", BadField}, {"a\x00b", "", BadField}, {"\xff", "", BadField},
		{"a" + strings.Repeat("\u0331", 9), "", TooManyMarks},
	} {
		got, err := CheckTopic(c.in)
		if got != c.want || CodeOf(err) != c.code {
			t.Errorf("CheckTopic(%q) = %q, %v; want %q, %q", c.in, got, err, c.want, c.code)
		}
	}
}

func TestSkeleton(t *testing.T) {
	for _, c := range [][2]string{
		{"Ana", "ana"}, {"аna", "ana"}, {"Ａｎａ", "ana"}, {"𝓐na", "ana"}, {"An\u200ba", "Ana"}, {"pаypаl", "paypal"}, {"раураl", "paypal"},
		{"José", "JOSÉ"}, {"Jose\u0301", "José"}, {"ʝ1ll", "ʝlll"}, {"Воb", "bob"}, {"Ёлка", "Ëлка"},
	} {
		if a, b := Skeleton(c[0]), Skeleton(c[1]); a != b {
			t.Errorf("%q -> %q and %q -> %q differ", c[0], a, c[1], b)
		}
	}
	for _, c := range [][2]string{{"Ana", "Anna"}, {"José", "Jose"}, {"Ali", "all"}, {"Анна", "Anna"}, {"An a", "Ana"}} {
		if a, b := Skeleton(c[0]), Skeleton(c[1]); a == b {
			t.Errorf("%q and %q are both %q", c[0], c[1], a)
		}
	}
}

func FuzzCheckName(f *testing.F) {
	for _, s := range []string{"Ana", "аdmin", "e\u0301", " a  b ", "\u2126", "ﬁ", "İ", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if once := Skeleton(s); Skeleton(once) != once {
			t.Errorf("Skeleton(%q) = %q, whose own is %q", s, once, Skeleton(once))
		}
		name, err := CheckName(s)
		if err != nil {
			return
		}
		if again, err := CheckName(name); err != nil || again != name {
			t.Errorf("%q became %q, then %q, %v", s, name, again, err)
		}
	})
}
