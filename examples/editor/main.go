// Editor is Go's own formatter and type checker, for a page that edits Go.
package main

import (
	"errors"
	"go/ast"
	"go/format"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"strings"
)

// Problem is something wrong with a file.
type Problem struct {
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// Format gives the file as gofmt would write it.
//
//gowasm:export fmt
func fmt(text string) (string, error) {
	formatted, err := format.Source([]byte(text))
	return string(formatted), err
}

// Check gives what the parser or the type checker says of a file. What it imports is not known here: nothing is said of that.
//
//gowasm:export
func check(text string) []Problem {
	problems := []Problem{}
	fset := token.NewFileSet()
	add := func(position token.Position, message string) {
		problems = append(problems, Problem{position.Line, position.Column, message})
	}
	file, err := parser.ParseFile(fset, "main.go", text, parser.SkipObjectResolution)
	var list scanner.ErrorList
	if errors.As(err, &list) {
		for _, err := range list {
			add(err.Pos, err.Msg)
		}
		return problems
	}
	config := types.Config{
		Importer: nothing{},
		Error: func(err error) {
			var problem types.Error
			if errors.As(err, &problem) && !strings.HasPrefix(problem.Msg, "could not import") {
				add(fset.Position(problem.Pos), problem.Msg)
			}
		},
	}
	config.Check("main", fset, []*ast.File{file}, nil)
	return problems
}

type nothing struct{}

func (nothing) Import(path string) (*types.Package, error) { return nil, errors.New("not here") }

func main() { select {} }
