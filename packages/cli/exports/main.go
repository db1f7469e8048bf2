// Exports describes the functions of a package that JavaScript may call, and writes the Go code that they need to be called.
//
// Its input is what "go list -deps -export -json" says of the package; its output is the JSON of a [Description].
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Listed is a package as go list has it.
type Listed struct {
	ImportPath string
	Name       string
	Dir        string
	Export     string
	GoFiles    []string
	ImportMap  map[string]string
	DepOnly    bool
}

// Description is what is known of a package.
type Description struct {
	// The package is a program.
	Main bool
	// The package's folder and import path.
	Dir, ImportPath string
	Functions       []Function
	// The declarations of types that functions refer to, in TypeScript.
	Types []Declaration
	// A file for the package: the functions that are exported in place of those that WebAssembly cannot call. Empty if none is.
	Glue string
	// What is wrong with the package, each with its file, line and column.
	Problems []string
}

// Declaration is a type that TypeScript has a name for.
type Declaration struct{ Name, Doc, Type string }

// Function is an exported one.
type Function struct {
	// What JavaScript calls it, and what the module does.
	Name, Export string
	Doc          string
	Params       []Value
	Results      []Value
	// The last result of the Go function, which is not among Results, is an error.
	Error bool
	// It gives a promise.
	Async bool
	// The module's function takes and gives what JavaScript has, but for conversions: nothing passes through memory.
	Direct bool
}

// Value is a parameter or a result.
type Value struct {
	Name string `json:",omitempty"`
	// How it crosses: see crossing.
	Kind string
	// Its type in TypeScript.
	Type string
}

func main() {
	description, err := describe(os.Stdin)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(description)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func describe(list io.Reader) (*Description, error) {
	var target *Listed
	exports := map[string]string{}
	for decoder := json.NewDecoder(list); ; {
		var listed Listed
		if err := decoder.Decode(&listed); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		exports[listed.ImportPath] = listed.Export
		if !listed.DepOnly {
			if target != nil {
				return nil, errors.New("a module is made of one package")
			}
			target = &listed
		}
	}
	if target == nil {
		return nil, errors.New("there is no package")
	}

	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range target.GoFiles {
		if !filepath.IsAbs(name) {
			name = filepath.Join(target.Dir, name)
		}
		file, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	gc := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if exports[path] == "" {
			return nil, fmt.Errorf("no export data of %s", path)
		}
		return os.Open(exports[path])
	})
	config := types.Config{
		Importer: importerFunc(func(path string) (*types.Package, error) {
			if path == "unsafe" {
				return types.Unsafe, nil
			}
			if mapped, ok := target.ImportMap[path]; ok {
				path = mapped
			}
			return gc.Import(path)
		}),
		Sizes:            types.SizesFor("gc", "wasm"),
		IgnoreFuncBodies: true,
		// The compiler has the last word.
		Error: func(error) {},
	}
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}}
	pkg, _ := config.Check(target.ImportPath, fset, files, info)

	s := &scanner{
		fset:    fset,
		pkg:     pkg,
		info:    info,
		docs:    map[string]string{},
		names:   map[string]types.Object{},
		imports: map[string]string{},
		used:    map[string]token.Pos{},
		result: &Description{
			Main:       target.Name == "main",
			Dir:        target.Dir,
			ImportPath: target.ImportPath,
			Functions:  []Function{},
			Types:      []Declaration{},
			Problems:   []string{},
		},
	}
	for _, file := range files {
		s.collectDocs(file)
	}
	for _, file := range files {
		s.scan(file)
	}
	s.result.Glue = s.file()
	return s.result, nil
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }

// Scanner collects the exported functions of a package, and writes their glue.
type scanner struct {
	fset   *token.FileSet
	pkg    *types.Package
	info   *types.Info
	result *Description
	// The comments of the package's own types.
	docs map[string]string
	// The types that have been declared in TypeScript.
	names map[string]types.Object
	// Packages that the glue imports, and their names there.
	imports map[string]string
	// The names of functions that are taken.
	used map[string]token.Pos
	// The functions of the glue.
	glue strings.Builder
}

func (s *scanner) problem(pos token.Pos, format string, args ...any) {
	s.result.Problems = append(s.result.Problems, fmt.Sprintf("%s: %s", s.fset.Position(pos), fmt.Sprintf(format, args...)))
}

func (s *scanner) collectDocs(file *ast.File) {
	for _, decl := range file.Decls {
		if group, ok := decl.(*ast.GenDecl); ok {
			for _, spec := range group.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok {
					doc := spec.Doc.Text()
					if doc == "" {
						doc = group.Doc.Text()
					}
					s.docs[spec.Name.Name] = doc
				}
			}
		}
	}
}

const directive = "//gowasm:"

func (s *scanner) scan(file *ast.File) {
	attached := map[*ast.Comment]bool{}
	for _, decl := range file.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Doc == nil {
			continue
		}
		var wasmexport, name string
		var given, async bool
		for _, comment := range fn.Doc.List {
			words := strings.Fields(comment.Text)
			switch words[0] {
			case "//go:wasmexport":
				if len(words) > 1 {
					wasmexport = words[1]
				}
			case directive + "export", directive + "async":
				attached[comment] = true
				given = true
				async = async || words[0] == directive+"async"
				if len(words) > 2 {
					s.problem(comment.Pos(), "usage: %s [name]", words[0])
				}
				if len(words) == 2 {
					name = words[1]
				}
			}
		}
		if given || wasmexport != "" {
			if name == "" {
				name = wasmexport
			}
			if name == "" {
				name = fn.Name.Name
			}
			s.function(fn, name, wasmexport, async)
		}
	}
	for _, group := range file.Comments {
		for _, comment := range group.List {
			if strings.HasPrefix(comment.Text, directive) && !attached[comment] {
				s.problem(comment.Pos(), "misplaced or unknown directive %s: %sexport and %sasync stand in the comment of a function",
					strings.Fields(comment.Text)[0], directive, directive)
			}
		}
	}
}

func (s *scanner) function(fn *ast.FuncDecl, name, wasmexport string, async bool) {
	object, ok := s.info.Defs[fn.Name].(*types.Func)
	if !ok {
		return
	}
	signature := object.Signature()
	problems := len(s.result.Problems)
	if !token.IsIdentifier(name) && !token.IsKeyword(name) || strings.ContainsFunc(name, func(r rune) bool { return r > 127 }) {
		if wasmexport == name {
			// The module has it all the same.
			return
		}
		s.problem(fn.Pos(), "JavaScript cannot call a function %s", name)
	}
	if pos, ok := s.used[name]; ok {
		s.problem(fn.Pos(), "%s has been exported at %s", name, s.fset.Position(pos))
	}
	s.used[name] = fn.Pos()
	if signature.Recv() != nil {
		s.problem(fn.Pos(), "a method cannot be exported: write a function that calls it")
	}
	if signature.TypeParams().Len() > 0 {
		s.problem(fn.Pos(), "a function with type parameters cannot be exported: write one that calls it")
	}
	if len(s.result.Problems) > problems {
		return
	}

	exported := Function{Name: name, Export: wasmexport, Doc: fn.Doc.Text(), Async: async, Params: []Value{}, Results: []Value{}}
	params, results := signature.Params(), signature.Results()
	var in, out []crossing
	for i := range params.Len() {
		param := params.At(i)
		c, err := s.crossing(param.Type())
		if err != nil {
			s.problem(param.Pos(), "parameter %s: %v", param.Name(), err)
			continue
		}
		in = append(in, c)
		value := Value{Name: param.Name(), Kind: c.kind, Type: c.ts}
		if value.Name == "" || value.Name == "_" {
			value.Name = fmt.Sprintf("arg%d", i)
		}
		exported.Params = append(exported.Params, value)
	}
	for i := range results.Len() {
		result := results.At(i)
		if i == results.Len()-1 && types.Identical(result.Type(), types.Universe.Lookup("error").Type()) {
			exported.Error = true
			continue
		}
		c, err := s.crossing(result.Type())
		if err != nil {
			s.problem(result.Pos(), "result %d: %v", i+1, err)
			continue
		}
		out = append(out, c)
		exported.Results = append(exported.Results, Value{Kind: c.kind, Type: c.ts})
	}
	if len(s.result.Problems) > problems {
		return
	}

	exported.Direct = !exported.Error && len(out) <= 1
	native := exported.Direct && wasmexport != ""
	for _, c := range append(in, out...) {
		exported.Direct = exported.Direct && c.wasm != ""
		native = native && c.native
	}
	if !native {
		exported.Export = "gowasm." + name
		s.write(fn.Name.Name, exported, in, out, signature.Variadic())
	}
	s.result.Functions = append(s.result.Functions, exported)
}
