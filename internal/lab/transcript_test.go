package lab

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"minichat/internal/chat"
	"minichat/internal/protocol"
)

// A transcript is a talk in the classroom, a line a step:
//
//	NAME connects | leaves
//	NAME > "text"              sends it ("long": one byte more than is allowed)
//	NAME < "text"              receives it next; {1} is the first file's address
//	NAME uploads "name" "contents"
//	open {1} "contents" | not_found
//	web posts "text" ["file"] | edits "old" "new" | deletes "text" | reacts "text"
//	web sees "text" with N files
//	restart | wait 24h
func TestTranscripts(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) < 4 {
		t.Fatalf("transcripts: got %v, %v", names, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			p := &play{classroom: newClassroom(t), students: map[string]*student{}}
			for i, line := range strings.Split(string(text), "\n") {
				if line == "" || line[0] == '#' {
					continue
				}
				p.step(name+":"+strconv.Itoa(i+1), words(t, line))
				if t.Failed() {
					t.Fatalf("%s:%d: %s", name, i+1, line)
				}
			}
		})
	}
}

type play struct {
	*classroom
	students map[string]*student
	files    []string
}

// words splits a line at blanks, quoted text being one word.
func words(t *testing.T, line string) (list []string) {
	t.Helper()
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		word, rest, _ := strings.Cut(line, " ")
		if line[0] == '"' {
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			word, _ = strconv.Unquote(quoted)
			rest = line[len(quoted):]
		}
		list, line = append(list, word), rest
	}
	return list
}

func (p *play) step(at string, w []string) {
	p.t.Helper()
	switch {
	case w[0] == "restart":
		p.stop()
		p.start()
	case w[0] == "wait":
		d, err := time.ParseDuration(w[1])
		if err != nil {
			p.t.Fatal(err)
		}
		p.later.Add(d.Milliseconds())
	case w[0] == "open":
		p.open(at, p.expand(w[1]), w[2])
	case w[0] == "web":
		p.webStep(at, w[1], w[2:])
	default:
		p.studentStep(at, w[0], w[1], w[2:])
	}
}

// expand puts the addresses of files where {1}, {2} … stand.
func (p *play) expand(text string) string {
	for i, address := range p.files {
		text = strings.ReplaceAll(text, "{"+strconv.Itoa(i+1)+"}", address)
	}
	return text
}

func (p *play) studentStep(at, name, verb string, w []string) {
	p.t.Helper()
	if verb == "connects" {
		p.students[name] = p.connect()
		return
	}
	s := p.students[name]
	switch verb {
	case "leaves":
		s.leave()
	case ">":
		text := w[0]
		if text == "long" {
			text = strings.Repeat("x", int(p.limits.TextBytes)+1)
		}
		s.send(text)
	case "<":
		if got, want := s.next(), p.expand(w[0]); got != want {
			p.t.Errorf("%s: got %q, want %q", at, got, want)
		}
	case "uploads":
		body, contentType := form(p.t, "file", w[0], w[1])
		status, _, answer := p.ask("POST", "/upload", contentType, body)
		var a struct{ URL string }
		if err := json.Unmarshal([]byte(answer), &a); err != nil || status != http.StatusOK {
			p.t.Fatalf("%s: got %d %s", at, status, answer)
		}
		if !strings.HasPrefix(a.URL, "http://"+host+"/files/") {
			p.t.Errorf("%s: got address %q", at, a.URL)
		}
		p.files = append(p.files, a.URL)
	default:
		p.t.Fatalf("%s: no such step", at)
	}
}

func (p *play) webStep(at, verb string, w []string) {
	p.t.Helper()
	ctx, room := p.t.Context(), p.lab.room
	var err error
	switch verb {
	case "posts":
		var ids []string
		for _, name := range w[1:] {
			f, err := p.chat.PutFile(ctx, p.web, chat.NewFile{Name: name}, strings.NewReader("contents of "+name))
			if err != nil {
				p.t.Fatal(err)
			}
			ids = append(ids, f.ID)
			p.files = append(p.files, p.lab.fileURL(f))
		}
		p.post(w[0], ids...)
	case "edits":
		m := p.find(w[0])
		_, err = p.chat.Edit(ctx, p.web, protocol.Edit{Room: room, Key: key(), Target: m.Seq, Text: w[1], Rev: m.Rev})
	case "deletes":
		_, err = p.chat.Delete(ctx, p.web, protocol.Delete{Room: room, Key: key(), Target: p.find(w[0]).Seq})
	case "reacts":
		_, err = p.chat.React(ctx, p.web, protocol.React{Room: room, Key: key(), Target: p.find(w[0]).Seq, Emoji: "👍", On: true})
	case "sees":
		if m := p.find(w[0]); strconv.Itoa(len(m.Files)) != w[2] || m.Author != "lab" {
			p.t.Errorf("%s: got %+v", at, m)
		}
	default:
		p.t.Fatalf("%s: no such step", at)
	}
	if err != nil {
		p.t.Fatalf("%s: %v", at, err)
	}
}

func (p *play) open(at, address, want string) {
	p.t.Helper()
	status, body := p.get(address)
	if want == "not_found" {
		if status != http.StatusNotFound || strings.TrimSpace(body) != want {
			p.t.Errorf("%s: got %d %q, want it not to be there", at, status, body)
		}
		return
	}
	if status != http.StatusOK || body != want {
		p.t.Errorf("%s: got %d %q, want %q", at, status, body, want)
	}
}
