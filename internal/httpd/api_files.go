package httpd

import (
	"net/http"

	"minichat/internal/chat"
)

func fileRoutes() []route {
	return []route{
		{"POST", "/files", signedIn, (*Server).newFile, op{id: "makeFile", does: "Begin an upload. PUT the bytes of each part to its url, then complete.",
			body: "NewFile", gives: map[int]string{201: "Upload"}, fails: []int{403, 413, 422}}},
		{"GET", "/files/{file}", signedIn, (*Server).fileState, op{id: "getFile", does: "How far an upload of mine is.", gives: map[int]string{200: "FileState"}}},
		{"POST", "/files/{file}/parts", signedIn, (*Server).fileParts, op{id: "signParts", does: "More URLs of parts, each good for 15 minutes.",
			body: "PartNumbers", gives: map[int]string{200: "Parts"}, fails: []int{409}}},
		{"POST", "/files/{file}/complete", signedIn, (*Server).completeFile, op{id: "completeFile", does: "All parts are there: make the file of them.",
			body: "Nothing", gives: map[int]string{200: "File"}, fails: []int{409}}},
		{"DELETE", "/files/{file}", signedIn, (*Server).abortFile, op{id: "abortFile", does: "Give up an upload, or a file that is in no message.", gives: map[int]string{204: ""}, fails: []int{409}}},
		{"GET", "/files/{file}/link", signedIn, (*Server).fileLink, op{id: "linkFile", does: "An address of the file that works for 60 seconds without signing in.", gives: map[int]string{200: "FileLink"}}},
	}
}

func (s *Server) newFile(c *call) error {
	var n chat.NewFile
	if err := c.decode(&n); err != nil {
		return err
	}
	n.Base = s.requestBase(c.r)
	upload, err := s.o.Chat.NewFile(c.r.Context(), c.who.User, n)
	if err != nil {
		return err
	}
	return c.answer(http.StatusCreated, upload)
}

// requestBase is the address that a request was sent to.
func (s *Server) requestBase(r *http.Request) string { return s.scheme(r) + "://" + r.Host }

func (s *Server) fileState(c *call) error {
	id, err := c.id("file")
	if err != nil {
		return err
	}
	state, err := s.o.Chat.FileState(c.r.Context(), c.who.User, id)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, state)
}

func (s *Server) fileParts(c *call) error {
	id, err := c.id("file")
	if err != nil {
		return err
	}
	var body struct {
		Numbers []int64 `json:"numbers" need:"true"`
	}
	if err := c.decode(&body); err != nil {
		return err
	}
	numbers := make([]int, len(body.Numbers))
	for i, n := range body.Numbers {
		numbers[i] = int(n)
	}
	parts, err := s.o.Chat.FileParts(c.r.Context(), c.who.User, id, numbers)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, struct {
		Parts []chat.FilePart `json:"parts"`
	}{parts})
}

func (s *Server) completeFile(c *call) error {
	id, err := c.id("file")
	if err != nil {
		return err
	}
	if err := c.decode(&struct{}{}); err != nil {
		return err
	}
	file, err := s.o.Chat.CompleteFile(c.r.Context(), c.who.User, id)
	if err != nil {
		return err
	}
	return c.answer(http.StatusOK, file)
}

func (s *Server) abortFile(c *call) error {
	id, err := c.id("file")
	if err != nil {
		return err
	}
	if err := s.o.Chat.AbortFile(c.r.Context(), c.who.User, id); err != nil {
		return err
	}
	return c.done()
}

func (s *Server) fileLink(c *call) error {
	id, err := c.id("file")
	if err != nil {
		return err
	}
	link, err := s.o.Chat.FileLink(c.r.Context(), c.who.User, id)
	if err != nil {
		return err
	}
	link.URL = s.linkTo(c.r, link.URL)
	return c.answer(http.StatusOK, link)
}

// linkTo makes a path of this server absolute: a page elsewhere needs the host.
func (s *Server) linkTo(r *http.Request, path string) string {
	if s.o.PublicURL != "" {
		return s.o.PublicURL + path
	}
	return s.requestBase(r) + path
}
