package httpd

import "slices"

// op says of a route what /api/openapi.json tells: nothing else describes it.
type op struct {
	id     string
	does   string         // one sentence for people
	query  []param        // what may stand behind ?
	header string         // a request header that the call takes
	body   string         // schema of the JSON body; "" when there is none
	secret bool           // the body holds a password: it may be small only
	gives  map[int]string // status -> schema; "": no body
	fails  []int          // statuses beside those that follow from the rest
}

// param is one parameter behind the ?.
type param struct {
	name string
	form string // a key of paramForms
	does string
}

var (
	afterList = param{"after", "next", "What the last page gave as next."}
	limitList = param{"limit", "limit", "How many at most; 50 when left out."}
)

// params are the names that the query may have.
func (o op) params() []string {
	var names []string
	for _, p := range o.query {
		names = append(names, p.name)
	}
	return names
}

// statuses is every status that the call answers with, besides faults of the
// server (500, 503, 507), which any call may meet.
func (r route) statuses() []int {
	codes := slices.Clone(r.op.fails)
	for code := range r.op.gives {
		codes = append(codes, code)
	}
	codes = append(codes, 400, 403) // an unknown parameter; a foreign origin
	if r.need == signedIn {
		codes = append(codes, 401)
	}
	if r.op.body != "" {
		codes = append(codes, 415)
		if !r.op.secret {
			codes = append(codes, 413)
		}
	}
	if len(pathParams(r.path)) > 0 {
		codes = append(codes, 404)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}
