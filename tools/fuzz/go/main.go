// Command fuzz is what `npm run fuzz:go` puts generated functions beside: it runs each of them and prints what it has traced.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// function is what is generated. It ends soon, whatever its arguments.
type function = func(t *T, a int, b int32, x float64, s string) int

// functions, by name; the file that is generated sets it.
var functions []struct {
	name string
	f    function
}

// T takes what a function does: each goroutine has its own, so that schedules do not show.
type T struct {
	fuel  int
	count int
	hash  uint64
	shown []string
}

// out says whether to stop: loops and functions ask it at every turn.
func (t *T) out() bool {
	t.fuel--
	return t.fuel < 0
}

func (t *T) s(text string) string {
	t.count++
	for _, c := range []byte(text) {
		t.hash = (t.hash ^ uint64(c)) * 1099511628211
	}
	t.hash = bits(t.hash, 13)
	if len(t.shown) < 40 {
		t.shown = append(t.shown, text)
	}
	return text
}

func (t *T) i(v int) int { t.s(strconv.Itoa(v)); return v }
func (t *T) f(v float64) float64 {
	t.s(strconv.FormatFloat(v, 'g', -1, 64))
	return v
}
func (t *T) b(v bool) bool { t.s(strconv.FormatBool(v)); return v }

// child is for another goroutine.
func (t *T) child() *T {
	t.fuel -= t.fuel / 3
	return &T{fuel: t.fuel / 2}
}

func (t *T) join(c *T) { t.s(fmt.Sprintf("(%d %x)", c.count, c.hash)) }

// try runs f and traces its panic, if there is one.
func (t *T) try(f func()) (panicked bool) {
	defer func() {
		if r := recover(); r != nil {
			t.s("panic: " + text(r))
			panicked = true
		}
	}()
	f()
	return false
}

func text(r any) string {
	var e runtime.Error
	if err, ok := r.(error); ok {
		if errors.As(err, &e) {
			return "runtime: " + e.Error()
		}
		return "error: " + err.Error()
	}
	return fmt.Sprint(r)
}

func bits(v uint64, n uint) uint64 { return v<<n | v>>(64-n) }

// toInt is the same on all machines, which conversions of what does not fit are not.
func toInt(x float64) int {
	if !(math.Abs(x) < 1e15) {
		return -1
	}
	return int(x)
}

// cut keeps texts from growing without end.
func cut(s string) string {
	if len(s) > 40 {
		return s[len(s)-40:]
	}
	return s
}

type Number interface {
	~int | ~int32 | ~uint8 | ~uint64 | ~float64
}

func sum[N Number](first N, more ...N) N {
	for _, v := range more {
		first += v
	}
	return first
}

func fold[E, A any](list []E, a A, f func(A, E) A) A {
	for _, e := range list {
		a = f(a, e)
	}
	return a
}

type Stack[E any] struct{ items []E }

func (s *Stack[E]) Push(e E) int { s.items = append(s.items, e); return len(s.items) }
func (s *Stack[E]) Pop() (e E, ok bool) {
	if len(s.items) == 0 {
		return e, false
	}
	e = s.items[len(s.items)-1]
	s.items = s.items[:len(s.items)-1]
	return e, true
}
func (s *Stack[E]) All() iter.Seq2[int, E] { return slices.All(s.items) }

type Tree[K cmp.Ordered, V any] struct {
	left, right *Tree[K, V]
	key         K
	value       V
}

func (t *Tree[K, V]) Put(k K, v V) *Tree[K, V] {
	if t == nil {
		return &Tree[K, V]{key: k, value: v}
	}
	switch c := cmp.Compare(k, t.key); {
	case c < 0:
		t.left = t.left.Put(k, v)
	case c > 0:
		t.right = t.right.Put(k, v)
	default:
		t.value = v
	}
	return t
}

func (t *Tree[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) { t.walk(yield) }
}

func (t *Tree[K, V]) walk(yield func(K, V) bool) bool {
	return t == nil || t.left.walk(yield) && yield(t.key, t.value) && t.right.walk(yield)
}

func upTo(t *T, n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		defer t.s("end")
		for i := 0; i < n && !t.out(); i++ {
			if !yield(i) {
				return
			}
		}
	}
}

type Shape interface {
	Area(k int) int
	Name() string
}

type Square struct{ side int }
type Rect struct {
	Square
	height int
}
type Blob int

func (s Square) Area(k int) int { return s.side*s.side + k }
func (s Square) Name() string   { return "square" + strconv.Itoa(s.side) }
func (r *Rect) Area(k int) int  { return r.side*r.height - k }
func (b *Blob) Area(k int) int  { *b++; return int(*b) * k }
func (b *Blob) Name() string    { return strings.Repeat("b", int(*b&7)) }

func shape(k int) Shape {
	switch k & 7 {
	case 0:
		return Square{k}
	case 1:
		b := Blob(k)
		return &b
	case 2:
		return (*Rect)(nil)
	default:
		return &Rect{Square{k}, k + 1}
	}
}

// deep needs much stack.
func deep(t *T, n int) int {
	var big [24]int
	if n <= 0 || t.out() {
		return 1
	}
	big[n%24] = n
	defer func() { big[0] = 0 }()
	return (deep(t, n-1) + big[n%24]) & 0xffff
}

func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func idle(k int) {
	switch k & 3 {
	case 0:
		runtime.Gosched()
	case 1:
		time.Sleep(time.Microsecond)
	case 2:
		if k&0xf0 == 0 {
			runtime.GC()
		}
	}
}

type lockedSum struct {
	sync.Mutex
	v int
}

func (l *lockedSum) add(v int) {
	l.Lock()
	defer l.Unlock()
	l.v += v
}

func main() {
	arguments := []struct {
		a int
		b int32
		x float64
		s string
	}{{3, 7, 1.5, "go"}, {-1, math.MinInt32, -0.25, ""}, {1 << 40, 12345, 1e9, "größer"}}
	for _, f := range functions {
		for k, arg := range arguments {
			t := &T{fuel: 3000}
			t.try(func() { t.i(f.f(t, arg.a, arg.b, arg.x, arg.s)) })
			fmt.Fprintf(os.Stdout, "%s %d: %d %x %q\n", f.name, k, t.count, t.hash, t.shown)
		}
	}
}
