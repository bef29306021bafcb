package httpd

import (
	"net/http"
	"reflect"

	"minichat"
)

func adminRoutes() []route {
	return []route{
		{"GET", "/limits", signedIn, (*Server).limits, op{id: "listLimits", does: "Every limit in force and who set it. Admins only.", gives: map[int]string{200: "LimitList"}, fails: []int{403}}},
	}
}

// limitInForce is one line of the admin page of limits; 0 means none.
type limitInForce struct {
	Name    string `json:"name"`
	Value   int64  `json:"value"`
	Default int64  `json:"default"`
	SetBy   string `json:"set_by"` // default, flag or environment
}

func (s *Server) limits(c *call) error {
	if err := minichat.Can(c.who.User, minichat.ViewServer, minichat.Subject{}); err != nil {
		return err
	}
	now, normal := reflect.ValueOf(s.o.Limits), reflect.ValueOf(minichat.DefaultLimits())
	var all []limitInForce
	for i, name := range minichat.LimitNames() {
		by := s.o.LimitsBy[name]
		if by == "" {
			by = "default"
		}
		all = append(all, limitInForce{name, now.Field(i).Int(), normal.Field(i).Int(), by})
	}
	return c.answer(http.StatusOK, list[limitInForce]{List: all})
}
