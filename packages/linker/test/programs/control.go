// Control flow and arithmetic: gotos into loops, switches, labels, generics, closures, 64-bit and floating-point numbers.
package main

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strings"
)

// irreducible has a loop with two entries.
//
//go:noinline
func irreducible(n int, first bool) (trace string) {
	i := 0
	if first {
		goto a
	}
	goto b
a:
	trace += "a"
	i++
	if i > n {
		return trace + fmt.Sprint(i)
	}
	if i%3 == 0 {
		goto c
	}
b:
	trace += "b"
	i += 2
	if i%5 != 0 {
		goto a
	}
c:
	trace += "c"
	fmt.Print("")
	if i < n {
		goto b
	}
	goto a
}

// machine is a state machine of jumps that go everywhere, with calls that may switch goroutines in it.
//
//go:noinline
func machine(program string) (out []byte) {
	var stack []int
	pc := -1
	defer func() {
		if r := recover(); r != nil {
			out = append(out, fmt.Sprint("!", r)...)
		}
	}()
next:
	pc++
	switch program[pc] {
	case '+':
		goto push
	case '-':
		goto pop
	case 'l':
		goto loop
	case '.':
		goto print
	case 'q':
		return out
	}
	goto next
push:
	stack = append(stack, pc)
	if len(stack) > 3 {
		goto print
	}
	goto next
pop:
	stack = stack[:len(stack)-1]
	if len(stack) == 0 {
		goto next
	}
print:
	out = append(out, byte('0'+len(stack)))
	if len(out)%4 == 0 {
		goto pop
	}
	goto next
loop:
	for i := range 3 {
		if i == len(stack) {
			goto push
		}
	}
	goto next
}

//go:noinline
func dense(x int) string {
	switch x {
	case 0:
		return "zero"
	case 1, 2, 3:
		return "few"
	case 4:
		fallthrough
	case 5:
		return "some"
	case 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20:
		return "many"
	case 21:
		return "21"
	case 22:
		return "22"
	case 23:
		return "23"
	case 24:
		return "24"
	case 1000:
		return "thousand"
	case -1:
		return "minus"
	}
	return "other"
}

//go:noinline
func words(s string) int {
	switch s {
	case "alpha":
		return 1
	case "beta":
		return 2
	case "gamma":
		return 3
	case "delta":
		return 4
	case "epsilon", "zeta":
		return 5
	case "eta", "theta", "iota", "kappa", "lambda", "mu":
		return len(s)
	default:
		return -1
	}
}

func typed(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case int, int64:
		return fmt.Sprint("int ", v)
	case string:
		return v
	case []int:
		return fmt.Sprint(len(v))
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	case func() int:
		return fmt.Sprint(v())
	}
	return fmt.Sprintf("%T", v)
}

//go:noinline
func labels(n int) (count int) {
outer:
	for i := 0; i < n; i++ {
		for j := 0; ; j++ {
			switch {
			case j == i:
				continue outer
			case i*j > 50:
				break outer
			case j%7 == 6:
				break
			default:
				count++
			}
			for k := range 3 {
				if k*j == i {
					continue outer
				}
				count += k
			}
		}
	}
	return count
}

type number interface {
	~int | ~int8 | ~uint16 | ~int64 | ~float32 | ~float64
}

func fold[T, A any](s []T, acc A, f func(A, T) A) A {
	for _, x := range s {
		acc = f(acc, x)
	}
	return acc
}

func sum[T number](s []T) T { return fold(s, 0, func(a, x T) T { return a + x }) }

type list[T any] struct {
	head *element[T]
	size int
}
type element[T any] struct {
	value T
	next  *element[T]
}

func (l *list[T]) push(v T) { l.head = &element[T]{v, l.head}; l.size++ }
func (l *list[T]) all(yield func(int, T) bool) {
	i := 0
	for e := l.head; e != nil; e = e.next {
		if !yield(i, e.value) {
			return
		}
		i++
	}
}

type matrix [4][4]float64

func (m matrix) mul(n matrix) (r matrix) {
	for i := range 4 {
		for j := range 4 {
			for k := range 4 {
				r[i][j] += m[i][k] * n[k][j]
			}
		}
	}
	return
}

//go:noinline
func integers(a, b int64) []any {
	u, v := uint64(a), uint64(b)
	hi, lo := bits.Mul64(u, v)
	s, c := bits.Add64(u, v, 1)
	r := []any{a + b, a - b, a * b, u * v, hi, lo, s, c, a << (v & 63), a >> (v & 63), u >> (v & 63), a &^ b}
	r = append(r, bits.LeadingZeros64(u), bits.TrailingZeros64(u), bits.OnesCount64(u), bits.RotateLeft64(u, 13), bits.Reverse64(v))
	if b != 0 {
		r = append(r, a/b, a%b, u/v, u%v, int8(a)/int8(b|1), uint32(u)%uint32(v|1))
	}
	return r
}

//go:noinline
func floats(x, y float64) []any {
	return []any{x + y, x * y, x / y, math.Sqrt(x), math.Floor(x), math.Trunc(y), math.FMA(x, y, 1), math.Mod(x, y),
		x < y, x >= y, x != x, math.Copysign(x, y), int64(clamp(x)), uint8(int64(clamp(y))), float32(x), math.Float64bits(y),
		math.Max(x, y), math.Hypot(x, y), math.Sin(x), math.Pow(math.Abs(x), y)}
}

func clamp(x float64) float64 {
	if x != x {
		return 0
	}
	return math.Max(-1e15, math.Min(1e15, x))
}

func counters() []func() int {
	var fs []func() int
	total := 0
	for i := range 3 {
		fs = append(fs, func() int { i++; total += i; return total })
	}
	return fs
}

func main() {
	for n := range 12 {
		fmt.Println(irreducible(n, n%2 == 0), irreducible(3*n, n%2 == 1))
	}
	for _, p := range []string{"+++l-q", "+l+-.-l+.++++q", "+++++--..l.lq", "----", "l.l.l.+-q"} {
		fmt.Println(string(machine(p)))
	}
	for x := -2; x < 27; x++ {
		fmt.Print(dense(x), " ")
	}
	fmt.Println(dense(1000), dense(999))
	fmt.Println(words("gamma"), words("zeta"), words("lambda"), words("omega"))
	fmt.Println(typed(nil), typed(7), typed("s"), typed([]int{1}), typed(big.NewInt(12)), typed(func() int { return 9 }), typed(1.5))
	fmt.Println(labels(5), labels(20), labels(100))
	fmt.Println(sum([]int8{100, 27, 1}), sum([]float32{.5, .25}), sum([]uint16{65535, 2}))
	var l list[string]
	for _, s := range strings.Fields("some words in a list") {
		l.push(s)
	}
	for i, s := range l.all {
		if i == 3 {
			break
		}
		fmt.Print(s, " ")
	}
	fmt.Println(l.size)
	m := matrix{{1, 2}, {0, 1, 0, 1}, {3, 0, 1}, {0, 0, 2, 1}}
	fmt.Println(m.mul(m).mul(m))
	for _, a := range []int64{0, 1, -1, 12345678901234, math.MinInt64, math.MaxInt64} {
		for _, b := range []int64{0, 1, -1, 77, math.MinInt64} {
			fmt.Println(integers(a, b)...)
		}
	}
	for _, x := range []float64{0, 1.5, -2.25, 1e300, math.Inf(-1), math.NaN()} {
		for _, y := range []float64{.5, -3, math.Inf(1), math.NaN()} {
			fmt.Println(floats(x, y)...)
		}
	}
	for _, f := range counters() {
		fmt.Print(f(), f(), " ")
	}
	fmt.Println(complex(1, 2) * complex(3, -1) / complex(0, 1))
	f := new(big.Int).MulRange(1, 120)
	fmt.Println(f, new(big.Int).Exp(big.NewInt(3), big.NewInt(1000), f))
}
