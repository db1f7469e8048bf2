package main

import (
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// Crossing is how values of a type go from JavaScript to Go and back.
type crossing struct {
	// What the runtime does on its side (packages/runtime/src/bind.ts): number, uint32, int, uint, int64, uint64, bool, string,
	// json, or the name of a typed array.
	kind string
	ts   string
	// The type in Go, as the glue spells it.
	spelled string
	// The type that carries it as a parameter or result of a WebAssembly function; empty if it goes through memory.
	wasm string
	// A go:wasmexport function may have this very type, and carries it as the glue would.
	native bool
}

var arrays = map[types.BasicKind]string{
	types.Int8: "Int8Array", types.Int16: "Int16Array", types.Int32: "Int32Array", types.Int64: "BigInt64Array",
	types.Uint8: "Uint8Array", types.Uint16: "Uint16Array", types.Uint32: "Uint32Array", types.Uint64: "BigUint64Array",
	types.Float32: "Float32Array", types.Float64: "Float64Array",
}

func (s *scanner) crossing(t types.Type) (crossing, error) {
	spelled := types.TypeString(t, s.qualifier)
	if t == types.Typ[types.UnsafePointer] {
		spelled = "gowasm_unsafe.Pointer"
	}
	through := func(kind, ts, wasm string, native bool) (crossing, error) {
		return crossing{kind, ts, spelled, wasm, native}, nil
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch u.Kind() {
		case types.Int8, types.Int16, types.Uint8, types.Uint16:
			return through("number", "number", "int32", false)
		case types.Int32:
			return through("number", "number", "int32", true)
		case types.Uint32:
			return through("uint32", "number", "uint32", true)
		case types.Uintptr, types.UnsafePointer:
			return through("uint32", "number", "uintptr", true)
		case types.Int:
			return through("int", "number", "float64", false)
		case types.Uint:
			return through("uint", "number", "float64", false)
		case types.Int64:
			return through("int64", "bigint", "int64", true)
		case types.Uint64:
			return through("uint64", "bigint", "uint64", true)
		case types.Float32:
			return through("number", "number", "float32", true)
		case types.Float64:
			return through("number", "number", "float64", true)
		case types.Bool:
			return through("bool", "boolean", "bool", true)
		case types.String:
			return through("string", "string", "", false)
		}
	case *types.Slice:
		if element, ok := u.Elem().Underlying().(*types.Basic); ok && arrays[element.Kind()] != "" && !marshals(t) {
			return through(arrays[element.Kind()], arrays[element.Kind()], "", false)
		}
	}
	ts, err := s.json(t)
	if err != nil {
		return crossing{}, err
	}
	return through("json", ts, "", false)
}

// Qualifier gives the name by which the glue knows a package.
func (s *scanner) qualifier(pkg *types.Package) string {
	if pkg == s.pkg {
		return ""
	}
	name, ok := s.imports[pkg.Path()]
	if !ok {
		name = fmt.Sprintf("gowasm_%d", len(s.imports))
		s.imports[pkg.Path()] = name
	}
	return name
}

func method(t types.Type, name string) bool {
	object, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
	_, ok := object.(*types.Func)
	return ok
}

// Marshals tells whether a type has a JSON form of its own.
func marshals(t types.Type) bool {
	return method(t, "MarshalJSON") || method(t, "MarshalText")
}

var taken = regexp.MustCompile(`^(Promise|Record|Partial|\w+Array)$`)
var unfit = regexp.MustCompile(`\W+`)

// Json gives the TypeScript type of what encoding/json makes of a type.
func (s *scanner) json(t types.Type) (string, error) {
	if named, ok := types.Unalias(t).(*types.Named); ok {
		object := named.Obj()
		if marshals(t) {
			if method(t, "MarshalJSON") && types.TypeString(t, nil) != "time.Time" {
				return "unknown", nil
			}
			return "string", nil
		}
		switch t.Underlying().(type) {
		case *types.Struct, *types.Slice, *types.Map, *types.Array, *types.Pointer:
			return s.declare(named, object)
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		info := u.Info()
		switch {
		case info&types.IsBoolean != 0:
			return "boolean", nil
		case info&types.IsString != 0:
			return "string", nil
		case info&(types.IsInteger|types.IsFloat) != 0 && u.Kind() != types.UnsafePointer:
			return "number", nil
		}
	case *types.Interface:
		return "unknown", nil
	case *types.Pointer:
		element, err := s.json(u.Elem())
		return orNull(element), err
	case *types.Slice:
		if element, ok := u.Elem().Underlying().(*types.Basic); ok && element.Kind() == types.Uint8 {
			return "string | null", nil
		}
		element, err := s.json(u.Elem())
		return list(element) + " | null", err
	case *types.Array:
		element, err := s.json(u.Elem())
		return list(element), err
	case *types.Map:
		key, ok := u.Key().Underlying().(*types.Basic)
		if (!ok || key.Info()&(types.IsString|types.IsInteger) == 0) && !method(u.Key(), "MarshalText") {
			return "", fmt.Errorf("JSON has no maps with keys of type %s", u.Key())
		}
		element, err := s.json(u.Elem())
		return fmt.Sprintf("Record<string, %s> | null", element), err
	case *types.Struct:
		return s.fields(u)
	}
	return "", fmt.Errorf("values of type %s cannot cross to JavaScript: they can be numbers, bool, string, slices of numbers, and what encoding/json takes", t)
}

func list(element string) string {
	if strings.ContainsAny(element, " |&") {
		element = "(" + element + ")"
	}
	return element + "[]"
}

func orNull(ts string) string {
	if ts == "unknown" || strings.HasSuffix(ts, " | null") {
		return ts
	}
	return ts + " | null"
}

// Declare gives the name of a type in TypeScript, which is declared when it is first met: it may refer to itself.
func (s *scanner) declare(named *types.Named, object *types.TypeName) (string, error) {
	whole := types.TypeString(named, func(*types.Package) string { return "" })
	name := strings.Trim(unfit.ReplaceAllString(whole, "_"), "_")
	if taken.MatchString(name) {
		name += "_"
	}
	if other, ok := s.names[name]; ok && !types.Identical(other.Type(), named) {
		name = object.Pkg().Name() + "_" + name
	}
	if other, ok := s.names[name]; ok {
		if !types.Identical(other.Type(), named) {
			return "", errors.New("there are two types of that name")
		}
		return name, nil
	}
	s.names[name] = types.NewTypeName(0, object.Pkg(), name, named)
	index := len(s.result.Types)
	s.result.Types = append(s.result.Types, Declaration{Name: name})
	ts, err := s.json(named.Underlying())
	s.result.Types[index].Type = ts
	if object.Pkg() == s.pkg {
		s.result.Types[index].Doc = s.docs[object.Name()]
	}
	return name, err
}

func (s *scanner) fields(u *types.Struct) (string, error) {
	var text strings.Builder
	var bases []string
	text.WriteString("{")
	for i := range u.NumFields() {
		field := u.Field(i)
		tag := reflect.StructTag(u.Tag(i)).Get("json")
		name, options, _ := strings.Cut(tag, ",")
		options = "," + options + ","
		base := field.Type()
		pointer, isPointer := base.Underlying().(*types.Pointer)
		if isPointer {
			base = pointer.Elem()
		}
		_, isStruct := base.Underlying().(*types.Struct)
		if tag == "-" || !field.Exported() && !(field.Embedded() && isStruct) {
			continue
		}
		if field.Embedded() && isStruct && name == "" && !marshals(base) {
			ts, err := s.json(base)
			if err != nil {
				return "", err
			}
			if isPointer {
				ts = "Partial<" + ts + ">"
			}
			bases = append(bases, ts)
			continue
		}
		ts, err := s.json(field.Type())
		if err != nil {
			return "", fmt.Errorf("%s: %w", field.Name(), err)
		}
		if strings.Contains(options, ",string,") {
			ts = "string"
		}
		if name == "" {
			name = field.Name()
		}
		optional := ""
		if strings.Contains(options, ",omitempty,") || strings.Contains(options, ",omitzero,") {
			optional = "?"
		}
		if !token.IsIdentifier(name) {
			name = strconv.Quote(name)
		}
		fmt.Fprintf(&text, " %s%s: %s;", name, optional, ts)
	}
	text.WriteString(" }")
	return strings.Join(append(bases, text.String()), " & "), nil
}
