// Counts bytes and more in texts of every length, as the library does and one by one.
package main

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

func main() {
	text := strings.Repeat("line one\nnext \x00\xff\x80\x7f\x01 äöü €\n\n", 40)
	wrong, sum := 0, 0
	for from := range 40 {
		for to := from; to <= len(text) && to < from+300; to++ {
			part := text[from:to]
			for _, c := range []byte("\ne\x00\xff\x80\x7f\x01q") {
				n := 0
				for i := range len(part) {
					if part[i] == c {
						n++
					}
				}
				s, b := strings.Count(part, string([]byte{c})), bytes.Count([]byte(part), []byte{c})
				if s != n || b != n {
					wrong++
				}
				sum += n
			}
		}
	}
	fmt.Println(wrong, sum)
	fmt.Println(strings.Count(text, ""), utf8.RuneCountInString(text)+1, bytes.Count([]byte(text), nil))
	fmt.Println(strings.Count(text, "ne"), strings.Count(text, "\n\n"), bytes.Count([]byte(text), []byte("€")))
	fmt.Println(strings.Count("", "x"), strings.Count("", ""), bytes.Count(nil, []byte("x")), bytes.Count(nil, nil))
	count := strings.Count
	fmt.Println(count(text, "e"), count(text, "é"))
}
