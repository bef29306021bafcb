package httpd

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// schemas are the shapes of bodies and answers, written by hand.
//
//go:embed schemas.json
var schemas []byte

// object is a JSON object of the description.
type object = map[string]any

// paramForms are the schemas of parameters behind the ?.
func paramForm(form string) object {
	return map[string]object{
		"seq":   {"type": "integer", "minimum": 0, "maximum": maxSeq},
		"limit": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
		"next":  {"type": "string", "maxLength": 64},
		"text":  {"type": "string", "maxLength": 256},
		"ids":   {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}(,[A-Za-z0-9_-]{1,64}){0,199}$"},
		"one":   {"type": "string", "enum": []string{"1"}},
	}[form]
}

// describe makes the OpenAPI description from the table of routes.
func describe(version string) ([]byte, error) {
	var shapes object
	if err := json.Unmarshal(schemas, &shapes); err != nil {
		return nil, fmt.Errorf("read the schemas of the API: %w", err)
	}
	paths := object{}
	for _, r := range routes() {
		path := v1 + r.path
		if paths[path] == nil {
			paths[path] = object{}
		}
		paths[path].(object)[strings.ToLower(r.method)] = describeRoute(r)
	}
	return json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info": object{"title": "MiniChat", "version": version, "license": object{"name": "MIT"},
			"description": "The HTTP API. What happens live comes over the socket at /api/v1/socket; docs/protocol.md describes both. Parts of files are PUT to the url that makeFile and signParts give; a file is read at /files/{file}/{name}."},
		"security": []object{{"bearer": []string{}}, {"cookie": []string{}}},
		"paths":    paths,
		"components": object{
			"schemas": shapes,
			"securitySchemes": object{
				"bearer": object{"type": "http", "scheme": "bearer"},
				"cookie": object{"type": "apiKey", "in": "cookie", "name": "__Host-minichat", "description": "Named minichat where the server is not reached over https."},
			},
		},
	}, "", " ")
}

func describeRoute(r route) object {
	answers := object{"default": problemAnswer("A fault of the server: 500, 503 or 507.")}
	for _, status := range r.statuses() {
		name := strconv.Itoa(status)
		schema, ok := r.op.gives[status]
		switch {
		case !ok:
			answers[name] = problemAnswer(http.StatusText(status))
		case schema == "":
			answers[name] = object{"description": "Done."}
		default:
			answers[name] = object{"description": http.StatusText(status), "content": jsonOf("application/json", schema)}
		}
	}
	o := object{"operationId": r.op.id, "summary": r.op.does, "responses": answers}
	if ps := describeParams(r); len(ps) > 0 {
		o["parameters"] = ps
	}
	if r.op.body != "" {
		o["requestBody"] = object{"required": true, "content": jsonOf("application/json", r.op.body)}
	}
	if r.need == anyone {
		o["security"] = []object{{}}
	}
	return o
}

func describeParams(r route) []object {
	var all []object
	for _, name := range pathParams(r.path) {
		schema := object{"$ref": "#/components/schemas/ID"}
		if name == "seq" {
			schema = paramForm("seq")
		}
		all = append(all, object{"name": name, "in": "path", "required": true, "schema": schema})
	}
	for _, p := range r.op.query {
		all = append(all, object{"name": p.name, "in": "query", "description": p.does, "schema": paramForm(p.form)})
	}
	if r.op.header != "" {
		all = append(all, object{"name": r.op.header, "in": "header", "schema": object{"$ref": "#/components/schemas/Key"},
			"description": "The key of the message: the same key again gives the same message."})
	}
	return all
}

// pathParams are the names in braces.
func pathParams(path string) []string {
	var names []string
	for part := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			names = append(names, strings.TrimSuffix(name, "}"))
		}
	}
	return names
}

func jsonOf(typ, schema string) object {
	return object{typ: object{"schema": object{"$ref": "#/components/schemas/" + schema}}}
}

func problemAnswer(does string) object {
	return object{"description": does, "content": jsonOf("application/problem+json", "Problem")}
}

func (s *Server) serveOpenAPI(w http.ResponseWriter, r *http.Request) {
	description, err := s.openapi()
	if err != nil {
		s.fault(r, err)
		writeProblem(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	w.Write(description) // a client that is gone cannot be told
}
