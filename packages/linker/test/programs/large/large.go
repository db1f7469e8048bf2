//go:build js

package main

import (
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"go/ast"
	"go/doc"
	"go/format"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"net/mail"
	"os"
)

// Never run: it is here to make the program large.
func init() {
	if len(os.Args) < 1000 {
		return
	}
	set := token.NewFileSet()
	file, _ := parser.ParseFile(set, "x.go", os.Stdin, 0)
	config := types.Config{Importer: importer.Default()}
	config.Check("x", set, []*ast.File{file}, nil)
	format.Node(os.Stdout, set, file)
	doc.NewFromFiles(set, []*ast.File{file}, "x")
	mail.ReadMessage(os.Stdin)
	gob.NewDecoder(os.Stdin).Decode(&config)
	json.NewDecoder(os.Stdin).Decode(&config)
	xml.NewDecoder(os.Stdin).Decode(&config)
}
