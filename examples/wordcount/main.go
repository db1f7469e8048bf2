// Wordcount counts the words of its input, or of the files it is given: a program for the command line, and so for WASI.
//
//	GOOS=wasip1 npx go-wasm run ./examples/wordcount < text.txt
//	GOOS=wasip1 npx go-wasm run ./examples/wordcount -top 3 text.txt
package main

import (
	"bufio"
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode"
)

func main() {
	top := flag.Int("top", 5, "how many words to print")
	flag.Parse()
	counts := map[string]int{}
	if flag.NArg() == 0 {
		check(count(os.Stdin, counts))
	}
	for _, name := range flag.Args() {
		file, err := os.Open(name)
		check(err)
		check(count(file, counts))
		check(file.Close())
	}

	words := make([]string, 0, len(counts))
	total := 0
	for word, n := range counts {
		words = append(words, word)
		total += n
	}
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
	fmt.Printf("%d words, %d different\n", total, len(words))
	for _, word := range words[:min(*top, len(words))] {
		fmt.Printf("%6d  %s\n", counts[word], word)
	}
}

func count(in io.Reader, counts map[string]int) error {
	scanner := bufio.NewScanner(in)
	scanner.Split(bufio.ScanWords)
	for scanner.Scan() {
		word := strings.TrimFunc(scanner.Text(), func(r rune) bool { return !unicode.IsLetter(r) })
		if word != "" {
			counts[strings.ToLower(word)]++
		}
	}
	return scanner.Err()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "wordcount:", err)
		os.Exit(1)
	}
}
