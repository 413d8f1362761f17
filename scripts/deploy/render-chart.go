// Renders templates with the engine that Helm uses, and with those of Helm's functions that the chart asks for.
//
// Reads {"templates": {NAME: TEXT}, "data": {"Values": …, "Chart": …, "Release": …}} and writes {NAME: TEXT}.
package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/template"
)

func main() {
	var asked struct {
		Templates map[string]string
		Data      map[string]any
	}
	must(json.NewDecoder(os.Stdin).Decode(&asked))
	functions := template.FuncMap{
		"toJson": func(value any) (string, error) {
			text, err := json.Marshal(value)
			return string(text), err
		},
		"default": func(other, value any) any {
			if value == nil || value == "" {
				return other
			}
			return value
		},
		"required": func(message string, value any) (any, error) {
			if value == nil || value == "" {
				return nil, errors.New(message)
			}
			return value, nil
		},
		"sha256sum": func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) },
	}
	rendered := map[string]string{}
	for name, text := range asked.Templates {
		parsed, err := template.New(name).Funcs(functions).Option("missingkey=error").Parse(text)
		must(err)
		var out strings.Builder
		must(parsed.Execute(&out, asked.Data))
		rendered[name] = out.String()
	}
	must(json.NewEncoder(os.Stdout).Encode(rendered))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
