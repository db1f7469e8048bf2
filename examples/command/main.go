// Command is a command-line program for Node: it counts the words of files, or of its standard input.
package main

import (
	"bufio"
	"cmp"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

func main() {
	top := flag.Int("top", 3, "how many words")
	flag.Parse()
	counts := map[string]int{}
	count := func(from io.Reader) {
		words := bufio.NewScanner(from)
		words.Split(bufio.ScanWords)
		for words.Scan() {
			counts[strings.ToLower(strings.Trim(words.Text(), ".,;:!?"))]++
		}
	}
	for _, name := range flag.Args() {
		file, err := os.Open(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, "command:", err)
			os.Exit(1)
		}
		count(file)
		file.Close()
	}
	if flag.NArg() == 0 {
		count(os.Stdin)
	}
	words := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for _, word := range words[:min(*top, len(words))] {
		fmt.Println(counts[word], word)
	}
}
