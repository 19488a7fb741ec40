// Prints what Go's text/template makes of many templates, as JSON: go run vectors.go >vectors.json
package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"text/template"
	"time"
)

type Inner struct {
	A string
	B int
	P *Inner `json:",omitempty"`
}

type Base struct {
	Promoted string
}

type Data struct {
	Base
	ID       string `json:"Id"`
	Name     string
	Count    int
	Negative int
	Ratio    float64
	Big      float64
	On       bool
	Off      bool
	Empty    string
	HTML     string
	List     []string
	None     []string
	Nil      []string
	Labels   map[string]string
	NilMap   map[string]string
	Groups   map[string][]Inner
	In       Inner
	Ptr      *Inner
	NilPtr   *Inner `json:",omitempty"`
	Items    []Inner
	When     time.Time
	Any      interface{}
	NilAny   interface{}
}

var data = &Data{
	Base: Base{"up"}, ID: "0123456789abcdef", Name: "web", Count: 42, Negative: -7, Ratio: 0.25, Big: 5e21, On: true,
	HTML: "<a href='x'>&\"q\"</a>", List: []string{"one", "two three", "4"}, None: []string{},
	Labels: map[string]string{"app": "shop", "tier": "front", "com.example/x": "y z"},
	Groups: map[string][]Inner{"80/tcp": {{A: "127.0.0.1", B: 8080}}, "443/tcp": {}},
	In: Inner{A: "in", B: 1}, Ptr: &Inner{A: "ptr", B: 2, P: &Inner{A: "deep", B: 3}},
	Items: []Inner{{A: "x", B: 1}, {A: "y", B: 2}},
	When: time.Date(2026, 1, 2, 3, 4, 5, 678900000, time.UTC), Any: "any",
}

func main() {
	source, err := os.ReadFile("templates.txt")
	if err != nil {
		panic(err)
	}
	functions := template.FuncMap{
		"join": strings.Join,
		"json": func(v interface{}) string {
			buffer := new(bytes.Buffer)
			encoder := json.NewEncoder(buffer)
			encoder.SetEscapeHTML(false)
			_ = encoder.Encode(v)
			return strings.TrimSpace(buffer.String())
		},
		"lower": strings.ToLower,
		"pad": func(source string, prefix, suffix int) string {
			if source == "" {
				return source
			}
			return strings.Repeat(" ", prefix) + source + strings.Repeat(" ", suffix)
		},
		"split": strings.Split,
		"title": strings.Title,
		"truncate": func(source string, length int) string {
			if len(source) < length {
				return source
			}
			return source[:length]
		},
		"upper": strings.ToUpper,
	}
	vectors := [][]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(source)), "\n") {
		text := strings.ReplaceAll(line, "␤", "\n")
		var out bytes.Buffer
		problem := ""
		parsed, err := template.New("t").Funcs(functions).Parse(text)
		if err == nil {
			err = parsed.Execute(&out, data)
		}
		if err != nil {
			problem = err.Error()
		}
		vectors = append(vectors, []string{text, out.String(), problem})
	}
	lines := []string{}
	for _, vector := range vectors {
		encoded := new(bytes.Buffer)
		encoder := json.NewEncoder(encoded)
		encoder.SetEscapeHTML(false)
		_ = encoder.Encode(vector)
		lines = append(lines, "  "+strings.TrimSpace(encoded.String()))
	}
	os.Stdout.WriteString("[\n" + strings.Join(lines, ",\n") + "\n]\n")
}
