// Renders a large Markdown document to HTML.
package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
)

const section = `
# Section %[1]d

A paragraph with *emphasis*, **strong text**, ~~mistakes~~, ` + "`code %[1]d`" + ` and [a link](https://example.org/%[1]d "title").
It goes on, with <em>inline HTML</em>, a bare https://example.org/%[1]d and an entity: &copy;.

* one
* two
  1. nested
  2. ` + "`list`" + ` of %[1]d
* [ ] a task

> A quotation
> > in a quotation, [by reference][ref%[1]d]

| name | value |
|------|------:|
| a    | %[1]d |
| b|c  | **x** |

` + "```go\nfunc f%[1]d() { println(\"<&>\") }\n```" + `

[ref%[1]d]: https://example.org/ref/%[1]d
`

func main() {
	var source bytes.Buffer
	for i := range 4000 {
		fmt.Fprintf(&source, section, i)
	}
	md := goldmark.New(goldmark.WithExtensions(extension.GFM))
	if err := md.Convert(source.Bytes(), os.Stdout); err != nil {
		panic(err)
	}
}
