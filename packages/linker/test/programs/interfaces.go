// Asks types for interfaces: some have them, some not, each of them twice, and so many that the runtime's table of itabs grows on the way.
package main

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

type reader interface{ Read() string }
type writer interface{ Write() string }
type both interface {
	reader
	writer
}

type onlyReads int

func (onlyReads) Read() string { return "reads" }

type doesBoth struct{ name string }

func (d *doesBoth) Read() string  { return d.name + " reads" }
func (d *doesBoth) Write() string { return d.name + " writes" }

type plain struct{ x int }

type failure struct{}

func (failure) Error() string   { return "failed" }
func (failure) Is(e error) bool { return e == errors.ErrUnsupported }

// Each instance is a type of its own.
type tagged[T any] struct{ value T }

func (tagged[T]) Read() string { return reflect.TypeFor[T]().String() }

type pair[T, U any] struct {
	first  T
	second U
}

func instances[T any](from []any) []any {
	var t T
	return append(from, tagged[T]{}, &tagged[*T]{}, tagged[[]T]{}, tagged[map[int]T]{}, tagged[chan T]{}, tagged[func(T)]{},
		tagged[pair[T, int]]{}, tagged[pair[int, T]]{}, tagged[[2]T]{}, tagged[[3]T]{}, t)
}

//go:noinline
func kind(x any) string {
	switch x := x.(type) {
	case both:
		return "both " + x.Write()
	case error:
		return "error " + x.Error()
	case writer:
		return "writer"
	case reader:
		return "reader " + x.Read()
	}
	return "none"
}

func attempt(f func()) {
	defer func() { fmt.Println(recover()) }()
	f()
}

func main() {
	values := []any{onlyReads(1), &doesBoth{"it"}, doesBoth{}, plain{}, &plain{}, failure{}, 7, "text", nil, []int(nil), main}
	values = instances[int8](values)
	values = instances[int16](values)
	values = instances[int32](values)
	values = instances[uint8](values)
	values = instances[string](values)
	values = instances[float32](values)
	values = instances[bool](values)
	values = instances[error](values)
	values = instances[plain](values)
	values = instances[onlyReads](values)
	values = instances[complex64](values)
	values = instances[any](values)
	var first []string
	for round := range 3 {
		var kinds []string
		for _, x := range values {
			kinds = append(kinds, kind(x))
			_, isWriter := x.(writer)
			_, isStringer := x.(fmt.Stringer)
			_, isFormatter := x.(fmt.Formatter)
			kinds = append(kinds, fmt.Sprint(isWriter, isStringer, isFormatter))
		}
		if round == 0 {
			first = kinds
			fmt.Println(strings.Join(kinds, "\n"))
		} else {
			fmt.Println("the same:", reflect.DeepEqual(first, kinds))
		}
	}
	for range 2 {
		for _, x := range values[:11] {
			attempt(func() { fmt.Println(x.(both).Read()) })
			attempt(func() { fmt.Println(x.(writer).Write()) })
		}
		var none reader
		attempt(func() { fmt.Println(none.(both)) })
		var some reader = onlyReads(2)
		attempt(func() { fmt.Println(some.(both)) })
	}
	fmt.Println(errors.Is(fmt.Errorf("around: %w", failure{}), errors.ErrUnsupported))
	var found failure
	fmt.Println(errors.As(fmt.Errorf("around: %w", failure{}), &found), errors.As(errors.New("else"), &found))
	fmt.Println(reflect.TypeFor[tagged[int8]]().Implements(reflect.TypeFor[reader]()))
	fmt.Println(reflect.ValueOf(tagged[bool]{}).Convert(reflect.TypeFor[reader]()).Type())
	// What nobody recovers.
	fmt.Println(values[0].(both))
}
